import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { ExceptionFor } from '../../constructs/core/policy-exception.js';
import type { NamedPolicy, Violation } from './policy.js';
import type { Subject } from './subject.js';

/** What policies say of one deployment. */
export interface Verdict {
  /** What nothing forgives. */
  readonly violations: readonly Broken[];
  readonly exceptions: readonly JudgedException[];
}

export interface Broken extends Violation {
  readonly policy: string;
}

export interface JudgedException extends ExceptionFor {
  /** `unused`: nothing breaks the policy there (any more). `unknown`: there is no such policy. */
  readonly state: 'in force' | 'unused' | 'expired' | 'unknown';
  /** What it forgives, or would if it had not expired. */
  readonly covers: readonly string[];
}

/** @param day today, as ISO 8601 writes it */
export function judge(subject: Subject, policies: readonly NamedPolicy[], day: string): Verdict {
  const broken = policies
    .filter((policy) => holdsIn(policy, subject.environment))
    .flatMap((one) => apply(one, subject));
  const covered = ({ policy, subject: whom }: ExceptionFor) =>
    broken.filter((one) => one.policy === policy && one.subject === whom);
  const exceptions = subject.topology.exceptions.map((exception): JudgedException => {
    const covers = covered(exception);
    const known = policies.some(({ id }) => id === exception.policy);
    const used = covers.length > 0 ? 'in force' : 'unused';
    const state = !known ? 'unknown' : exception.until < day ? 'expired' : used;
    return { ...exception, state, covers: covers.map(({ what }) => what) };
  });
  const named = new Set(subject.topology.exceptions.flatMap(covered));
  return { violations: broken.filter((one) => !named.has(one)), exceptions };
}

export function holdsIn({ environments }: NamedPolicy, environment: string): boolean {
  return environments?.includes(environment) ?? true;
}

/** All that keeps a verdict from being good, for people. */
export function problemsOf({ violations, exceptions }: Verdict, policies: readonly NamedPolicy[]): Problem[] {
  const about = (id: string) => policies.find((policy) => policy.id === id);
  return [
    ...violations.map(({ policy, subject, what }) => ({
      what: `${subject} breaks the policy ${policy}: ${what}`,
      fix: `${about(policy)?.fix ?? ''} Why: ${about(policy)?.why ?? ''}`,
    })),
    ...exceptions.flatMap((exception) => exceptionProblem(exception, policies)),
  ];
}

/** @throws PlatformError with all problems, if there are any */
export function enforce(verdict: Verdict, policies: readonly NamedPolicy[]): void {
  const problems = problemsOf(verdict, policies);
  if (problems.length > 0) throw PlatformError.all(problems);
}

/** What is no error, but should be said: exceptions that nobody needs. */
export function notesOf({ exceptions }: Verdict): string[] {
  return exceptions
    .filter(({ state }) => state === 'unused')
    .map(({ policy, subject }) => `the exception from ${policy} for ${subject} matches nothing (any more): remove it.`);
}

function exceptionProblem(
  { policy, subject, reason, until, state, covers }: JudgedException,
  policies: readonly NamedPolicy[],
): Problem[] {
  const what = `the exception from ${policy} for ${subject}`;
  if (state === 'unknown') {
    return [
      {
        what: `${what} names no policy`,
        got: policy,
        allowed: policies.map(({ id }) => id).join(', '),
        fix: 'Correct it, or remove it.',
      },
    ];
  }
  if (state !== 'expired') return [];
  const fix = covers.length === 0 ? 'Remove it: it matches nothing any more.' : renewOrFix(policy, policies);
  return [
    {
      what: `${what} has expired`,
      got: `until ${until}, because: ${reason}${covers.length === 0 ? '' : `; it covered: ${covers.join('; ')}`}`,
      fix,
    },
  ];
}

function renewOrFix(id: string, policies: readonly NamedPolicy[]): string {
  const policy = policies.find((one) => one.id === id);
  return `${policy?.fix ?? ''} Or decide anew, and write a later day. Why: ${policy?.why ?? ''}`;
}

/** Each finding once, however many equal containers a service has. */
function apply(policy: NamedPolicy, subject: Subject): Broken[] {
  const found = new Map<string, Broken>();
  for (const { subject: whom, what } of run(policy, subject)) {
    found.set(`${whom}\0${what}`, { policy: policy.id, subject: whom, what });
  }
  return [...found.values()].sort((a, b) => (`${a.subject}\0${a.what}` < `${b.subject}\0${b.what}` ? -1 : 1));
}

/** A policy that fails has not said that all is well. */
function run(policy: NamedPolicy, subject: Subject): readonly Violation[] {
  try {
    return policy.judge(subject);
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the policy ${policy.id} cannot judge ${subject.topology.deployment}`,
        got: cause instanceof Error ? cause.message : String(cause),
        fix: `Fix policies/${policy.id}.ts.`,
      },
      { cause },
    );
  }
}
