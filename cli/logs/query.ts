import { spellings } from './level.js';
import type { Grep, Selection } from './selection.js';

/** Lines in one answer. Long lines are rare: usually it has half a megabyte. */
export const PAGE = 1000;

/** A longer text costs the store more than it narrows. */
const MOST_WILDCARD_CHARACTERS = 100;

/** With all digits: as a number a time with nanoseconds would be rounded. */
const TIME_FORMAT = 'strict_date_optional_time_nanos';

/**
 * The highest number of a line in each index. Elasticsearch numbers what it is given in the order of arrival
 * (`_seq_no`), so what arrives later has a higher number, whatever its time is.
 */
export type Marks = ReadonlyMap<string, number>;

/** Newest first. @param upTo leaves out what arrived later */
export function newestQuery(selection: Selection, upTo?: Marks, after?: readonly unknown[]): object {
  const arrived = upTo ? [anyOf([...upTo].map(([index, number]) => numbered(index, { lte: number })))] : [];
  return {
    ...page([...filters(selection), ...arrived], after),
    sort: [
      { '@timestamp': { order: 'desc', format: TIME_FORMAT, numeric_type: 'date_nanos', unmapped_type: 'date_nanos' } },
      { 'event.id': { order: 'desc', unmapped_type: 'keyword' } },
    ],
  };
}

/** In the order of arrival. */
export function arrivedQuery(selection: Selection, since: Marks, after?: readonly unknown[]): object {
  const known = [...since].map(([index, number]) => numbered(index, { gt: number }));
  const others = { bool: { must_not: [{ terms: { _index: [...since.keys()] } }] } };
  return {
    ...page([...filters(selection), anyOf([...known, others])], after),
    sort: [{ _seq_no: 'asc' }, { 'event.id': { order: 'asc', unmapped_type: 'keyword' } }],
  };
}

/** How far each index is, as far as the selection's time goes back. */
export function marksQuery({ since }: Selection): object {
  const last = { max: { field: '_seq_no' } };
  return {
    size: 0,
    track_total_hits: false,
    query: { bool: { filter: [timeRange(since)] } },
    aggs: { indices: { terms: { field: '_index', size: 10_000 }, aggs: { last } } },
  };
}

function page(filter: readonly object[], after: readonly unknown[] | undefined): object {
  return {
    size: PAGE,
    track_total_hits: false,
    seq_no_primary_term: true,
    query: { bool: { filter } },
    ...(after && { search_after: after }),
  };
}

function numbered(index: string, range: object): object {
  return { bool: { filter: [{ term: { _index: index } }, { range: { _seq_no: range } }] } };
}

function anyOf(should: readonly object[]): object {
  return { bool: { should, minimum_should_match: 1 } };
}

/** What every line must fulfil. Of `grep` only what the index can tell: `containsText` has the last word. */
export function filters(selection: Selection): object[] {
  const { services, containers, level, since, until, grep, request } = selection;
  return [
    timeRange(since, until),
    ...(services.length > 0 ? [{ terms: { 'service.name': services } }] : []),
    ...(containers.length > 0 ? [{ terms: { 'service.instance': containers } }] : []),
    // Not the other way round: lines without a level, or with an unknown one, count as info.
    ...(level === 'info' ? [{ bool: { must_not: [{ terms: { 'log.level': spellings('debug', 'info') } }] } }] : []),
    ...(level !== undefined && level !== 'debug' && level !== 'info'
      ? [{ terms: { 'log.level': spellings(level) } }]
      : []),
    ...(request === undefined ? [] : [{ term: { 'request.id': request } }]),
    ...(grep ? narrowed(grep) : []),
  ];
}

/** Lines of a clock that is wrong would be the newest for years, so those of after tomorrow (by the store's clock) must be asked for. */
const NOT_FROM_NOW = 'now+1d';

function timeRange(since: Date, until?: Date): object {
  const end = { lt: until ? new Date(until.getTime() + 1).toISOString() : NOT_FROM_NOW };
  return { range: { '@timestamp': { gte: since.toISOString(), ...end, format: TIME_FORMAT } } };
}

/** Messages that are too long for the keyword field are left to `containsText`. */
function narrowed({ text, ignoreCase }: Grep): object[] {
  // The store ignores the case of ASCII letters only.
  const parts = ignoreCase ? (text.match(/[\x20-\x7e]+/g) ?? []) : [text];
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), '');
  const part = Array.from(longest).slice(0, MOST_WILDCARD_CHARACTERS).join('');
  if (part === '') return [];
  const value = `*${part.replace(/[\\*?]/g, '\\$&')}*`;
  return [
    anyOf([
      { wildcard: { 'message.raw': { value, case_insensitive: ignoreCase } } },
      { bool: { must_not: [{ exists: { field: 'message.raw' } }] } },
    ]),
  ];
}

export function containsText(message: string, { text, ignoreCase }: Grep): boolean {
  return ignoreCase ? message.toLowerCase().includes(text.toLowerCase()) : message.includes(text);
}
