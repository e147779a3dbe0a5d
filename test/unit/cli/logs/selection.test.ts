import { expect, test } from '@jest/globals';
import { parseSelection, type SelectionOptions } from '../../../../cli/logs/selection.js';
import type { Topology } from '../../../../constructs/core/topology.js';

const now = new Date('2026-11-22T18:00:00Z');
const services = [
  { name: 'api', instances: [{ name: 'api-0' }, { name: 'api-1' }] },
  { name: 'redis', instances: [{ name: 'redis-0' }] },
] as unknown as Topology['services'];
const parse = (options: SelectionOptions) => parseSelection(options, { services }, now);

test('without options it is the last 15 minutes of everything, 1000 lines at most', () => {
  expect(parse({})).toEqual({
    selection: { services: [], containers: [], since: new Date('2026-11-22T17:45:00Z') },
    limit: 1000,
  });
});

test('an empty text to search for is none', () => {
  expect(parse({ grep: '' }).selection.grep).toBeUndefined();
  expect(parse({ grep: 'x', ignoreCase: true }).selection.grep).toEqual({ text: 'x', ignoreCase: true });
});

test('all mistakes are named at once, with what is allowed', () => {
  const attempt = () =>
    parse({
      service: ['api', 'apo'],
      container: ['api-7'],
      level: 'verbose',
      since: 'soon',
      until: 'later',
      limit: '0',
    });
  expect(attempt).toThrow(/^6 problems:/);
  expect(attempt).toThrow('--service cannot be used (got apo): allowed is api, redis.');
  expect(attempt).toThrow('--container cannot be used (got api-7): allowed is api-0, api-1, redis-0.');
  expect(attempt).toThrow('--level cannot be used (got verbose): allowed is debug, info, warn, error, fatal.');
  expect(attempt).toThrow(
    "--since cannot be used (got soon): allowed is a duration ('90s', '10m', '2h', '1d') or a time",
  );
  expect(attempt).toThrow('--until cannot be used (got later)');
  expect(attempt).toThrow('--limit cannot be used (got 0): allowed is a whole number from 1 to 100000.');
});

test.each([
  [{ since: '10m', until: '20m' }, '--until cannot be used (got 20m): allowed is what is later than --since 10m'],
  [{ until: '1m', follow: true }, 'nothing together with --follow'],
  [{ limit: '100001' }, '--limit'],
  [{ limit: '1e3' }, '--limit'],
])('%j is refused', (options, text) => {
  expect(() => parse(options)).toThrow(text);
});
