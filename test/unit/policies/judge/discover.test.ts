import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { discoverPolicies } from '../../../../policies/judge/discover.js';

const right = { why: 'Because.', fix: 'Fix it.', judge: () => [] };

test('every file of policies/ is a policy, called as its file', () => {
  const files = readdirSync('policies').filter((name) => name.endsWith('.ts'));
  expect(discoverPolicies().map(({ id }) => `${id}.ts`)).toEqual(files.sort());
});

test('files that hold none are all named, with what is missing and where there is an example', () => {
  const files = { good: right, empty: undefined, silent: { ...right, why: ' ' }, idle: { ...right, judge: 'later' } };
  expect(() => discoverPolicies(files)).toThrow(
    /3 problems:[^]*policies\/empty\.ts is not a policy \(got no why, no fix, no judge\)[^]*policies\/idle\.ts is not a policy \(got no judge\)[^]*policies\/silent\.ts is not a policy \(got no why\)[^]*docs\/policies\.md/,
  );
});

test('a name that no exception could be written with is refused', () => {
  expect(() => discoverPolicies({ 'No Friday': right })).toThrow(
    /policies\/No Friday\.ts has a name that cannot be an id/,
  );
});
