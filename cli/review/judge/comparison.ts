import { isDeepStrictEqual } from 'node:util';
import type { TopologyService } from '../../../constructs/core/topology.js';
import type { Declaration } from '../declaration.js';
import type { Cause, Finding } from '../finding.js';
import type { Level } from '../level.js';
import { constructOf, type Matched } from '../services.js';

/** Both sides of one environment, with the services that belong together. */
export interface Comparison {
  readonly before: Declaration;
  readonly after: Declaration;
  readonly matched: Matched;
}

/** One kind of danger, looked for. */
export type Judge = (comparison: Comparison) => Finding[];

/** A finding about a service. */
export function about(
  service: TopologyService,
  level: Level,
  what: string,
  why: string,
  cause: Omit<Cause, 'construct'> = {},
): Finding {
  return {
    level,
    subject: service.name,
    what: `\`${service.name}\`: ${what}`,
    why,
    cause: { construct: constructOf(service), names: [service.name], ...cause },
  };
}

/** What of a list is new in the other one. */
export function newIn<T>(after: readonly T[], before: readonly T[]): T[] {
  const known = new Set(before.map((item) => JSON.stringify(item)));
  return after.filter((item) => !known.has(JSON.stringify(item)));
}

/** Whatever the order of their keys. */
export function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}
