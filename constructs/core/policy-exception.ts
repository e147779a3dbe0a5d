import { PlatformError } from './platform-error.js';

/** Breaking a policy knowingly, for a time. It only forgives: what is deployed does not depend on it. */
export interface PolicyException {
  /** Id of the policy, e.g. `read-only-root`: `npm run policies` lists them. */
  readonly policy: string;
  /** Why it must be so; reviewers read it. */
  readonly reason: string;
  /** The last day on which it holds (UTC), e.g. `2027-03-31`. From the next day on, nothing is synthesized until somebody decides anew. */
  readonly until: string;
}

/** An exception, and what it is for: a service's name, or that of a Terraform resource that belongs to no service. */
export interface ExceptionFor extends PolicyException {
  readonly subject: string;
}

/** The shortest text that can be called a reason. */
export const SHORTEST_REASON = 10;

/** Whether a text is a day of the calendar, as ISO 8601 writes it. */
export function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** Today in UTC, so that an exception ends everywhere at the same moment. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** @throws PlatformError with all that is wrong, if the exceptions of a service cannot be meant */
export function checkExceptions(service: string, exceptions: readonly PolicyException[]): void {
  const problems = exceptions.flatMap(({ policy, reason, until }) => {
    const what = `${service}: the exception from ${policy}`;
    return [
      ...(isDay(until) ? [] : [{ what: `${what} does not say when it ends`, got: until, ...UNTIL }]),
      ...(reason.trim().length >= SHORTEST_REASON ? [] : [{ what: `${what} gives no reason`, got: reason, ...REASON }]),
    ];
  });
  if (problems.length > 0) throw PlatformError.all(problems);
}

export const UNTIL = { allowed: 'a day such as 2027-03-31', fix: 'Say until when it may stay so.' };
export const REASON = {
  allowed: `a sentence, at least ${SHORTEST_REASON} characters`,
  fix: 'Say why it must be so; reviewers read it.',
};

/** In an order that does not depend on where they were declared. */
export function byPolicyAndSubject(a: ExceptionFor, b: ExceptionFor): number {
  const key = ({ policy, subject, until, reason }: ExceptionFor) => [policy, subject, until, reason].join('\0');
  return key(a) < key(b) ? -1 : 1;
}
