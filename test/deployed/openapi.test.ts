import { execa } from 'execa';
import { describe, expect, it as jestIt } from '@jest/globals';
import { stateFolder } from '../../cli/bootstrap/paths.mjs';
import { Duration } from '../../constructs/core/units.js';
import { it, note, usePlatform } from '../support/live.js';
import { installSchemathesis } from '../support/schemathesis.js';

const platform = usePlatform();
const tool = await installSchemathesis();
const program = 'program' in tool ? tool.program : undefined;

/**
 * All checks of Schemathesis (statuses, headers, bodies and content types as described; no 5xx; nothing that the description
 * forbids is accepted; other methods are 405) but one: what a precondition or a used Idempotency-Key is answered depends on what is stored.
 */
const ARGUMENTS = [
  ...['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'],
  ...['--phases', 'examples,coverage,fuzzing', '--max-examples', '25', '--generation-deterministic'],
  ...['--request-timeout', '10', '--no-color', '--no-shrink'],
];

describe('the OpenAPI document that the API serves', () => {
  if (program === undefined) {
    jestIt.skip(`is kept by the platform (skipped: ${'reason' in tool ? tool.reason : ''})`, () => undefined);
    return;
  }
  it(
    'is kept by the platform, whatever Schemathesis makes of it',
    async () => {
      const { url } = platform().outputs.api;
      const { all, exitCode } = await execa(program, ['run', `${url}/openapi.json`, '--url', url, ...ARGUMENTS], {
        all: true,
        reject: false,
        // It keeps a folder of its own there.
        cwd: stateFolder,
        env: { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', PYTHONUTF8: '1' },
      });
      note(/^\s*\d+ generated.*$/m.exec(all)?.[0].trim() ?? 'no test cases');
      expect([exitCode, all]).toEqual([0, expect.stringContaining('Tested: 8')]);
    },
    Duration.seconds(240),
  );
});
