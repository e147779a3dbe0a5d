import { expect, test } from '@jest/globals';
import type { JestReport } from '../../../../cli/test/test-runs.js';
import { judgeRun } from '../../../../cli/test/wine-tests.js';

/** As jest reports it on Windows. */
function report(file: string, results: Readonly<Record<string, string>>, message = ''): JestReport {
  return {
    testResults: [
      {
        status: 'failed',
        name: `C:\\work\\project\\${file.replaceAll('/', '\\')}`,
        message,
        assertionResults: Object.entries(results).map(([fullName, status]) => ({ fullName, status })),
      },
    ],
  };
}

const file = 'test/unit/a.test.ts';
const gap = { file, tests: /^links/, why: 'no links' };

test('what fails and is no gap is a failure, named with its file', () => {
  const { counts, lines } = judgeRun(report(file, { 'links a': 'failed', 'opens b': 'failed', c: 'passed' }), [gap]);
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 1 });
  expect(lines).toEqual([`✖ ${file}: opens b`, `skipped: ${file}: no links`]);
});

test('a gap that no test shows any more is a failure', () => {
  const { counts, lines } = judgeRun(report(file, { 'links a': 'passed' }), [gap]);
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(lines).toEqual([expect.stringMatching(/is listed as a gap of Wine's, but passes/)]);
});

test('a file that does not load is a failure, with what it says', () => {
  const { counts, lines } = judgeRun(report(file, {}, 'SyntaxError'), []);
  expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(lines).toContain('SyntaxError');
});

test('a run without tests is a failure', () => {
  expect(judgeRun({ ...report(file, {}), testResults: [] }, []).counts.failed).toBe(1);
});
