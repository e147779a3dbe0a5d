import { describe, expect, it, test } from '@jest/globals';
import { formatTime, parseMoment } from '../../../../cli/logs/time.js';

const now = new Date('2026-11-22T18:07:05.816Z');
const parse = (text: string, utc = true) => parseMoment(text, { now, utc })?.toISOString();

describe('a moment', () => {
  it.each([
    ['90s', '2026-11-22T18:05:35.816Z'],
    ['10m', '2026-11-22T17:57:05.816Z'],
    ['2h', '2026-11-22T16:07:05.816Z'],
    ['1.5h', '2026-11-22T16:37:05.816Z'],
    ['1d', '2026-11-21T18:07:05.816Z'],
    ['99999d', '1970-01-01T00:00:00.000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22 18:00', '2026-11-22T18:00:00.000Z'],
    ['2026-11-22T18:00:05.123456789Z', '2026-11-22T18:00:05.123Z'],
    ['2026-11-22T18:00+01:00', '2026-11-22T17:00:00.000Z'],
  ])('%s is read as %s', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  it.each([
    '',
    '10',
    'm',
    '-5m',
    '10 m',
    '10m ago',
    'yesterday',
    '2026-13-01',
    '2026-02-31',
    '2026-11-22T25:00',
    '1969-12-31',
    '9999-01-01',
    '22.11.2026',
  ])('%p is none', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('without a zone is local, a date alone too', () => {
    expect(parse('2026-11-22T18:00', false)).toBe(new Date(2026, 10, 22, 18).toISOString());
    expect(parse('2026-11-22', false)).toBe(new Date(2026, 10, 22).toISOString());
  });
});

test('times are shown with milliseconds, with the date only on another day', () => {
  const local = new Date(2026, 10, 22, 8, 7, 5, 6);
  expect(formatTime(local, { now: new Date(2026, 10, 22, 23, 59), utc: false })).toBe('08:07:05.006');
  expect(formatTime(local, { now: new Date(2026, 10, 23, 0, 0), utc: false })).toBe('2026-11-22 08:07:05.006');
  expect(formatTime(now, { now, utc: true })).toBe('18:07:05.816Z');
  expect(formatTime(new Date('2026-11-21T23:59:59.999Z'), { now, utc: true })).toBe('2026-11-21 23:59:59.999Z');
});
