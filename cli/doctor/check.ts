import type { Problem } from '../../constructs/core/platform-error.js';
import type { Facts } from './facts.js';
import type { Repair } from './repair.js';

/**
 * What a check found. `bad`: a start fails, or a promise does not hold here. `note`: good to know. `unknown`: it could not be
 * looked at, for the reason given.
 */
export type Finding =
  | { readonly level: 'ok'; readonly got: string }
  | ({ readonly level: 'note' | 'bad'; readonly repair?: Repair } & Problem)
  | { readonly level: 'unknown'; readonly got: string };

/** One thing that can be wrong with a machine. Pure: all that it needs is among the facts. */
export interface Check<Known = Facts> {
  /** Stable, for scripts. */
  readonly id: string;
  /** What is looked at, in a few words. */
  readonly title: string;
  readonly judge: (facts: Known) => readonly Finding[];
}

/** The findings of one check, as `npm run doctor -- --json` prints them. */
export interface Diagnosis {
  readonly id: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

export function diagnose<Known>(checks: readonly Check<Known>[], facts: Known): Diagnosis[] {
  return checks.map(({ id, title, judge }) => ({ id, title, findings: judge(facts) }));
}

/** Whether a start can be expected to work. */
export function isWell(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.every(({ findings }) => findings.every(({ level }) => level !== 'bad'));
}

/** What can be put right without a risk. */
export function repairsOf(diagnoses: readonly Diagnosis[]): Repair[] {
  return diagnoses.flatMap(({ findings }) =>
    findings.flatMap((finding) => ('repair' in finding ? [finding.repair] : [])),
  );
}

export const ok = (got: string): Finding[] => [{ level: 'ok', got }];
export const note = (problem: Problem, repair?: Repair): Finding[] => [
  { level: 'note', ...problem, ...(repair !== undefined && { repair }) },
];
export const bad = (...problems: readonly Problem[]): Finding[] =>
  problems.map((problem) => ({ level: 'bad', ...problem }));
export const unknown = (got: string): Finding[] => [{ level: 'unknown', got }];
