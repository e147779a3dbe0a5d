import { describe, expect, it, test } from '@jest/globals';
import { arrivedQuery, containsText, filters, newestQuery } from '../../../../cli/logs/query.js';
import type { Selection } from '../../../../cli/logs/selection.js';
import { anySelection as all } from './any-selection.js';

const text = (value: unknown) => JSON.stringify(value);

test('the time has all digits in answers, as a number would lose nanoseconds', () => {
  expect(text(newestQuery(all))).toContain('{"@timestamp":{"order":"desc","format":"strict_date_optional_time_nanos"');
});

test('without --until, lines of a clock that is far ahead are left out, by the clock of the store', () => {
  expect(text(filters(all)[0])).toContain('"lt":"now+1d"');
});

test('--until takes its whole millisecond in', () => {
  const [range] = filters({ ...all, until: new Date('2026-11-22T17:30:00.123Z') });
  expect(range).toEqual({
    range: {
      '@timestamp': {
        gte: '2026-11-22T17:00:00.000Z',
        lt: '2026-11-22T17:30:00.124Z',
        format: 'strict_date_optional_time_nanos',
      },
    },
  });
});

test('services, containers and the request are exact terms', () => {
  expect(filters({ ...all, services: ['api', 'redis'], containers: ['api-0'], request: 'r-1' }).slice(1)).toEqual([
    { terms: { 'service.name': ['api', 'redis'] } },
    { terms: { 'service.instance': ['api-0'] } },
    { term: { 'request.id': 'r-1' } },
  ]);
});

describe('--level', () => {
  const levelFilter = (level: Selection['level']) => filters({ ...all, level }).slice(1);

  it('debug is everything', () => {
    expect(levelFilter('debug')).toEqual([]);
  });

  it('info leaves out debug only, so that lines without a level stay', () => {
    expect(levelFilter('info')).toEqual([
      { bool: { must_not: [{ terms: { 'log.level': ['debug', 'DEBUG', 'trace', 'TRACE'] } }] } },
    ]);
  });

  it('warn is warn and all graver ones, however they are spelt', () => {
    const [filter] = levelFilter('warn') as [{ terms: { 'log.level': string[] } }];
    expect(filter.terms['log.level']).toEqual(
      expect.arrayContaining(['warn', 'WARN', 'warning', 'error', 'fatal', 'panic']),
    );
    expect(filter.terms['log.level']).not.toEqual(expect.arrayContaining(['notice']));
  });
});

describe('--grep', () => {
  const narrowed = (grep: Selection['grep']) => filters({ ...all, grep }).slice(1);
  const wildcard = (grep: Selection['grep']) => /"value":"((?:[^"\\]|\\.)*)"/.exec(text(narrowed(grep)))?.[1];

  it('has no wildcards of its own', () => {
    expect(wildcard({ text: 'a*b?c\\d', ignoreCase: false })).toBe(String.raw`*a\\*b\\?c\\\\d*`);
  });

  it('keeps messages that are too long for the keyword field', () => {
    expect(text(narrowed({ text: 'x', ignoreCase: false }))).toContain(
      '{"bool":{"must_not":[{"exists":{"field":"message.raw"}}]}}',
    );
  });

  it('asks the store for the longest part whose case it can ignore', () => {
    expect(wildcard({ text: 'Größe of it', ignoreCase: true })).toBe('*e of it*');
    expect(narrowed({ text: 'ÄÖ', ignoreCase: true })).toEqual([]);
    expect(wildcard({ text: 'Größe', ignoreCase: false })).toBe('*Größe*');
  });

  it('asks for no more than a part of a long text, of whole characters', () => {
    expect(wildcard({ text: `${'x'.repeat(99)}😀 and more`, ignoreCase: false })).toBe(`*${'x'.repeat(99)}😀*`);
  });

  it('is decided by the message itself', () => {
    expect(containsText('Größe', { text: 'größe', ignoreCase: false })).toBe(false);
    expect(containsText('GRÖẞE', { text: 'größe', ignoreCase: true })).toBe(true);
    expect(containsText('a b', { text: 'a*b', ignoreCase: false })).toBe(false);
  });
});

test('what arrived since is asked for by number, in each index, and new indices as a whole', () => {
  const query = text(arrivedQuery(all, new Map([['logs-a', 7]])));
  expect(query).toContain('{"bool":{"filter":[{"term":{"_index":"logs-a"}},{"range":{"_seq_no":{"gt":7}}}]}}');
  expect(query).toContain('{"bool":{"must_not":[{"terms":{"_index":["logs-a"]}}]}}');
});
