import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { isLevel, type Level, LEVELS } from './level.js';
import { MOMENTS, parseMoment } from './time.js';

/** More do not fit into memory with certainty: a line may have 64 KiB. */
const MOST_LINES = 100_000;

/** Which lines are wanted. */
export interface Selection {
  /** Any of these; empty: all. */
  readonly services: readonly string[];
  /** Any of these, e.g. `api-0`; empty: all. */
  readonly containers: readonly string[];
  /** This or a graver one. */
  readonly level: Level | undefined;
  readonly since: Date;
  /** This millisecond included. */
  readonly until: Date | undefined;
  readonly grep: Grep | undefined;
  /** Id of one HTTP request. */
  readonly request: string | undefined;
}

/** A part of the message. */
export interface Grep {
  readonly text: string;
  readonly ignoreCase: boolean;
}

/** As they are typed. */
export interface SelectionOptions {
  readonly service?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
  readonly level?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly grep?: string | undefined;
  readonly ignoreCase?: boolean | undefined;
  readonly request?: string | undefined;
  readonly limit?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly utc?: boolean | undefined;
}

export const DEFAULTS = { since: '15m', limit: '1000' } as const;

/**
 * @returns which lines are wanted, and how many of them at most
 * @throws PlatformError that names every option that cannot be used
 */
export function parseSelection(
  options: SelectionOptions,
  { services }: Pick<Topology, 'services'>,
  now = new Date(),
): { selection: Selection; limit: number } {
  const { service = [], container = [], level, grep, request, until: end } = options;
  const { since: start = DEFAULTS.since, limit: count = DEFAULTS.limit, follow = false, utc = false } = options;
  const since = parseMoment(start, { now, utc });
  const until = end === undefined ? undefined : parseMoment(end, { now, utc });
  const limit = /^\d{1,9}$/.test(count) ? Number(count) : 0;
  const names = services.map(({ name }) => name);
  const containers = services.flatMap(({ instances }) => instances.map(({ name }) => name));
  const problems: Problem[] = [
    ...unknown('--service', service, names),
    ...unknown('--container', container, containers),
    ...(level === undefined || isLevel(level)
      ? []
      : [wrong('--level', level, LEVELS.join(', '), 'It shows that level and the graver ones.')]),
    ...(since ? [] : [wrong('--since', start, MOMENTS, 'Leave it out for the last 15 minutes.')]),
    ...(end === undefined || until ? [] : [wrong('--until', end, MOMENTS, 'Leave it out for everything up to now.')]),
    ...(since && until && since > until
      ? [wrong('--until', end, `what is later than --since ${start}`, 'Exchange them.')]
      : []),
    ...(follow && end !== undefined
      ? [wrong('--until', end, 'nothing together with --follow, which goes on until Ctrl-C', 'Leave one of them out.')]
      : []),
    ...(limit >= 1 && limit <= MOST_LINES
      ? []
      : [
          wrong(
            '--limit',
            count,
            `a whole number from 1 to ${MOST_LINES}`,
            'For more, read one piece of time after another.',
          ),
        ]),
  ];
  if (problems.length > 0 || !since) throw PlatformError.all(problems);
  return {
    selection: {
      services: service,
      containers: container,
      level: level !== undefined && isLevel(level) ? level : undefined,
      since,
      until,
      // Every line has an empty part.
      grep: grep === undefined || grep === '' ? undefined : { text: grep, ignoreCase: options.ignoreCase ?? false },
      request,
    },
    limit,
  };
}

function unknown(option: string, given: readonly string[], known: readonly string[]): Problem[] {
  const wrongs = given.filter((name) => !known.includes(name));
  return wrongs.map((name) => wrong(option, name, known.join(', '), 'Use one of them, or several with commas.'));
}

function wrong(option: string, got: unknown, allowed: string, fix: string): Problem {
  return { what: `${option} cannot be used`, got, allowed, fix };
}
