/** Native ESM under swc: no type check here, `npm run lint` does that. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022' } }] },
  // Neither globs nor a folder's name as a pattern: checkouts may lie in folders called `a [b]`.
  testRegex: [String.raw`\.(test|bench)\.ts$`],
};

/** @param {string[]} folders */
const below = (...folders) => ({ roots: folders.map((folder) => `<rootDir>/test/${folder}`) });

export default {
  projects: [
    { ...shared, displayName: 'offline', ...below('unit', 'synth') },
    { ...shared, displayName: 'deployed', ...below('deployed') },
    { ...shared, displayName: 'bench', ...below('bench') },
  ],
  // No test is about its own speed; this only ends one that hangs, on a machine however slow.
  testTimeout: 600_000,
};
