import { expect, test } from '@jest/globals';
import {
  countGoTests,
  countJestTests,
  filesToRerun,
  isWorthRerun,
  replaceResults,
} from '../../../../cli/test/test-runs.js';

test('top-level Go tests are counted, their parts are not', () => {
  const output = [
    '=== RUN   TestA',
    '    --- PASS: TestA/part (0.00s)',
    '--- PASS: TestA (0.00s)',
    '--- PASS: TestB (0.10s)',
    '--- SKIP: TestC (0.00s)',
    'PASS',
  ].join('\n');
  expect(countGoTests(output)).toEqual({
    ...{ passed: 2, failed: 0, skipped: 1 },
    notable: '--- SKIP: TestC (0.00s)',
    failures: [],
  });
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

const file = (name: string, statuses: string[], message = '') => ({
  name,
  status: statuses.length === 0 || statuses.includes('failed') ? 'failed' : 'passed',
  message,
  assertionResults: statuses.map((status, index) => ({ fullName: `${name} ${index}`, status })),
});

test('a run of no tests is a failure', () => {
  expect(countJestTests({ testResults: [] })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  const skipped = file('a', ['pending', 'pending', 'todo']);
  expect(countJestTests({ testResults: [skipped] })).toEqual({ passed: 0, failed: 0, skipped: 3 });
});

test('a file that does not load counts as a failed test', () => {
  const testResults = [file('a', ['passed', 'failed', 'pending']), file('b', [], 'SyntaxError')];
  expect(countJestTests({ testResults })).toEqual({ passed: 1, failed: 2, skipped: 1 });
});

test('files that failed are run again, unless something was lost or many failed', () => {
  const testResults = [file('a', ['passed']), file('b', ['failed'], 'no answer for 5 s'), file('c', [])];
  expect(filesToRerun({ testResults })).toEqual(['b', 'c']);
  expect(filesToRerun({ testResults: [...testResults, file('d', ['failed'], '+  "lost": ["k1"]')] })).toEqual([]);
  expect(filesToRerun({ testResults: ['d', 'e', 'f', 'g'].map((name) => file(name, ['failed'])) })).toEqual([]);
});

test('a file that was run again counts as it ended then', () => {
  const first = { testResults: [file('a', ['passed']), file('b', ['failed', 'passed'])] };
  const again = { testResults: [file('b', ['passed', 'passed'])] };
  expect(countJestTests(replaceResults(first, again))).toEqual({ passed: 3, failed: 0, skipped: 0 });
  const still = { testResults: [file('b', ['failed', 'passed'])] };
  expect(countJestTests(replaceResults(first, still))).toEqual({ passed: 2, failed: 1, skipped: 0 });
});

test.each([
  ['one that failed', '--- FAIL: TestA (0.00s)\n    a_test.go:1: no', true],
  ['a lost write', '    l_test.go:1: 3 of 90 confirmed writes lost\n--- FAIL: TestA (0.00s)', false],
  ['a race', '--- FAIL: TestA (0.00s)\nWARNING: DATA RACE', false],
  ['four', ['A', 'B', 'C', 'D'].map((name) => `--- FAIL: Test${name} (0.00s)`).join('\n'), false],
])('Go tests are run again or not: %s', (_, output, again) => {
  const { failures, notable } = countGoTests(`=== RUN   TestA\n${output}\nFAIL`);
  expect(isWorthRerun(failures, notable)).toBe(again);
});
