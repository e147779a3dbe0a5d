/** Native ESM under swc: no type check here, `npm run lint` does that. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022' } }] },
  modulePathIgnorePatterns: ['<rootDir>/.platform/', '<rootDir>/cdktf.out/'],
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'offline',
      testMatch: ['<rootDir>/test/unit/**/*.test.ts', '<rootDir>/test/synth/**/*.test.ts'],
    },
    { ...shared, displayName: 'deployed', testMatch: ['<rootDir>/test/deployed/**/*.test.ts'] },
    { ...shared, displayName: 'bench', testMatch: ['<rootDir>/test/bench/**/*.bench.ts'] },
  ],
};
