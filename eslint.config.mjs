import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['node_modules/', 'cdktf.out/', '.platform/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Numbers in messages are the rule here, not the exception.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A construct acts by being created in a scope.
      'no-new': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      // The one place that reads the process environment is environments/process-env.ts (bootstrap.mjs runs before it).
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Read the process environment through environments/process-env.ts only.',
        },
      ],
    },
  },
  {
    files: ['environments/process-env.ts', '**/*.mjs', '**/*.cjs'],
    // tsc knows Node's globals better.
    rules: { 'no-restricted-syntax': 'off', 'no-undef': 'off' },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    // Dependencies point one way: only the runtime for Docker knows its provider's bindings.
    files: ['**/*.ts'],
    ignores: ['constructs/runtime/docker/**', 'test/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@cdktf/provider-docker', '@cdktf/provider-docker/**'],
              message: 'Use constructs/runtime/docker.',
            },
          ],
        },
      ],
    },
  },
);
