import { expect, test } from '@jest/globals';
import { PlatformError } from '../../../constructs/core/platform-error.js';

const port = { what: 'the port cannot be used', got: 80, allowed: '1024 to 65535', fix: 'Choose another one.' };

test('an error says in one sentence each what is wrong, what it got, what is allowed and what to do', () => {
  expect(new PlatformError(port).message).toBe(
    'the port cannot be used (got 80): allowed is 1024 to 65535. Choose another one.',
  );
  expect(new PlatformError({ what: 'no engine answers', fix: 'Start Docker.' }).message).toBe(
    'no engine answers: Start Docker.',
  );
});

test.each([
  [Number.NaN, 'NaN'],
  [{ a: 1 }, '{"a":1}'],
  ['', ''],
  [null, 'null'],
  [false, 'false'],
])('it shows %j as %s', (got, shown) => {
  expect(new PlatformError({ ...port, got }).message).toContain(`(got ${shown})`);
});

test('several problems are listed together, in order', () => {
  const error = PlatformError.all([port, { what: 'the name is missing', fix: 'Write one.' }]);
  expect(error.message.split('\n')).toEqual([
    '2 problems:',
    '- the port cannot be used (got 80): allowed is 1024 to 65535. Choose another one.',
    '- the name is missing: Write one.',
  ]);
  expect(error.problems).toHaveLength(2);
});

test('one problem alone is not a list', () => {
  expect(PlatformError.all([port]).message).toBe(new PlatformError(port).message);
});
