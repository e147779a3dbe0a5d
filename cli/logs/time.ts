import { Duration } from '../../constructs/core/units.js';

/** What Elasticsearch can hold with nanoseconds, in whole years. */
const FIRST = Date.UTC(1970, 0);
const LAST = Date.UTC(2262, 0);

export const MOMENTS =
  "a duration ('90s', '10m', '2h', '1d') or a time ('2026-11-22T18:00', '2026-11-22T17:00:00.123Z')";

/**
 * Reads how long ago something was, or when: `10m`, `2026-11-22`, `2026-11-22T18:00:05.123`, `2026-11-22T17:00Z`.
 * @param utc whether a time without a zone is in UTC, rather than local
 * @returns undefined if the text is neither
 */
export function parseMoment(text: string, { now, utc }: { now: Date; utc: boolean }): Date | undefined {
  const duration = Duration.parse(text.replace(/^([\d.]+)m$/, '$1min'));
  if (duration) return new Date(Math.max(FIRST, now.getTime() - duration.toMilliseconds()));
  const match = /^(\d{4}-\d\d-(\d\d))(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (!match) return undefined;
  const [, date = '', day, time = '00:00', zone = utc ? 'Z' : ''] = match;
  const moment = new Date(`${date}T${time}${zone}`);
  // JavaScript takes 31 February for 3 March.
  const exists = new Date(`${date}T00:00Z`).getUTCDate() === Number(day);
  const milliseconds = moment.getTime();
  return exists && milliseconds >= FIRST && milliseconds < LAST ? moment : undefined;
}

/** `18:07:05.816`, with the date in front if it is another day than now; in UTC it ends with Z. */
export function formatTime(moment: Date, { now, utc }: { now: Date; utc: boolean }): string {
  const date = dateOf(moment, utc);
  const hours = utc ? moment.getUTCHours() : moment.getHours();
  const minutes = utc ? moment.getUTCMinutes() : moment.getMinutes();
  const time = `${pad(hours)}:${pad(minutes)}:${pad(moment.getUTCSeconds())}.${pad(moment.getUTCMilliseconds(), 3)}`;
  return `${date === dateOf(now, utc) ? '' : `${date} `}${time}${utc ? 'Z' : ''}`;
}

function dateOf(moment: Date, utc: boolean): string {
  const [year, month, day] = utc
    ? [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()]
    : [moment.getFullYear(), moment.getMonth(), moment.getDate()];
  return `${year}-${pad(month + 1)}-${pad(day)}`;
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}
