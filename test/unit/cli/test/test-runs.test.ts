import { expect, test } from '@jest/globals';
import { countGoTests, countJestTests } from '../../../../cli/test/test-runs.js';

test('top-level Go tests are counted, their parts are not', () => {
  const output = [
    '=== RUN   TestA',
    '    --- PASS: TestA/part (0.00s)',
    '--- PASS: TestA (0.00s)',
    '--- PASS: TestB (0.10s)',
    '--- SKIP: TestC (0.00s)',
    'PASS',
  ].join('\n');
  expect(countGoTests(output)).toEqual({ passed: 2, failed: 0, skipped: 1, notable: '--- SKIP: TestC (0.00s)' });
});

test('a failed Go test is counted once, and its output is shown', () => {
  const output = ['--- FAIL: TestA (0.00s)', '    a_test.go:1: no', 'FAIL', 'FAIL\tredis-platform/api\t0.1s'].join(
    '\n',
  );
  expect(countGoTests(output)).toMatchObject({
    passed: 0,
    failed: 1,
    notable: expect.stringContaining('a_test.go:1: no'),
  });
});

test('what a failed Go test printed is shown, however much came after it', () => {
  const after = Array.from({ length: 200 }, (_, number) => `--- PASS: Test${number} (0.00s)`);
  const output = [
    '=== RUN   TestZ',
    'of another',
    '--- PASS: TestZ',
    '=== RUN   TestA',
    '    a_test.go:1: no',
    '--- FAIL: TestA (0.00s)',
  ];
  const { notable } = countGoTests([...output, ...after, 'FAIL'].join('\n'));
  expect(notable).toContain('a_test.go:1: no');
  expect(notable).not.toContain('of another');
});

test.each(['FAIL\tredis-platform/api [build failed]', 'panic: boom', 'WARNING: DATA RACE'])(
  'what fails outside any Go test counts as a failure: %s',
  (line) => {
    expect(countGoTests(`--- PASS: TestA (0.00s)\n${line}`)).toMatchObject({ passed: 1, failed: 1 });
  },
);

test('a run of no tests is a failure', () => {
  const none = {
    numPassedTests: 0,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    numPendingTests: 0,
    numTodoTests: 0,
  };
  expect(countJestTests({ ...none, testResults: [] })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countJestTests({ ...none, numPendingTests: 3, testResults: [] })).toEqual({
    passed: 0,
    failed: 0,
    skipped: 3,
  });
});
