import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PolicyException } from '../../../../constructs/core/policy-exception.js';
import type { Topology } from '../../../../constructs/core/topology.js';
import { enforce, judge, notesOf, type Verdict } from '../../../../policies/judge/judge.js';
import type { NamedPolicy, Violation } from '../../../../policies/judge/policy.js';
import { subjectFromProgram } from '../../../../policies/judge/resources.js';

const why = 'Somebody must clean up after it.';
const fix = 'Keep it tidy.';
const tidy = (violations: readonly Violation[], environments?: readonly string[]): NamedPolicy => ({
  id: 'tidy',
  why,
  fix,
  ...(environments && { environments }),
  judge: () => violations,
});
const shop: Violation = { subject: 'shop', what: 'it is a mess' };
const exception = { policy: 'tidy', subject: 'shop', reason: 'being cleaned up', until: '2027-03-31' };

function verdictOn(
  policies: readonly NamedPolicy[],
  exceptions: readonly (PolicyException & { subject: string })[] = [],
  day = '2027-03-31',
): Verdict {
  const topology = { environment: 'dev', deployment: 'dev', exceptions } as unknown as Topology;
  return judge(subjectFromProgram(topology, {}), policies, day);
}
/** What enforcing it says; empty where nothing is wrong. */
function message(policies: readonly NamedPolicy[], verdict: Verdict): string {
  try {
    enforce(verdict, policies);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a violation is an error that says who, what, which policy, what to do and why', () => {
  const policies = [tidy([shop])];
  expect(message(policies, verdictOn(policies))).toBe(
    'shop breaks the policy tidy: it is a mess: Keep it tidy. Why: Somebody must clean up after it.',
  );
});

test('all violations of all policies are said at once, equal ones of several containers once', () => {
  const policies = [tidy([shop, shop, { subject: 'bank', what: 'it is dusty' }]), { ...tidy([shop]), id: 'clean' }];
  const text = message(policies, verdictOn(policies));
  expect(text).toMatch(/^3 problems:/);
  expect(text).toMatch(/bank breaks the policy tidy[^]*shop breaks the policy tidy[^]*shop breaks the policy clean/);
});

test('a policy of some environments is not asked in others', () => {
  expect(verdictOn([tidy([shop], ['prod'])]).violations).toEqual([]);
  expect(verdictOn([tidy([shop], ['prod', 'dev'])]).violations).toHaveLength(1);
});

test('a policy that fails is an error that names its file, not a pass', () => {
  const broken: NamedPolicy = {
    ...tidy([]),
    judge: () => {
      throw new TypeError('x is undefined');
    },
  };
  expect(() => verdictOn([broken])).toThrow(
    /the policy tidy cannot judge dev \(got x is undefined\): Fix policies\/tidy\.ts/,
  );
});

describe('an exception', () => {
  const policies = [tidy([shop])];

  test('forgives its policy for its subject up to and including its last day', () => {
    const verdict = verdictOn(policies, [exception]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.exceptions).toEqual([{ ...exception, state: 'in force', covers: ['it is a mess'] }]);
    expect([message(policies, verdict), notesOf(verdict)]).toEqual(['', []]);
  });

  test('is an error from the next day on, which says why it was there and what it covered, once', () => {
    const text = message(policies, verdictOn(policies, [exception], '2027-04-01'));
    expect(text).toBe(
      'the exception from tidy for shop has expired (got until 2027-03-31, because: being cleaned up; ' +
        'it covered: it is a mess): Keep it tidy. Or decide anew, and write a later day. Why: Somebody must clean up after it.',
    );
  });

  test('that expired is an error also where nothing needs it', () => {
    const none = [tidy([])];
    expect(message(none, verdictOn(none, [exception], '2027-04-01'))).toMatch(
      /has expired[^]*Remove it: it matches nothing/,
    );
  });

  test('does not forgive another policy, nor another subject', () => {
    for (const other of [
      { ...exception, subject: 'bank' },
      { ...exception, policy: 'clean' },
    ]) {
      const verdict = verdictOn([...policies, { ...tidy([]), id: 'clean' }], [other]);
      expect(verdict.violations).toEqual([{ policy: 'tidy', ...shop }]);
      expect(notesOf(verdict)).toEqual([
        expect.stringMatching(/the exception from .* matches nothing \(any more\): remove it/),
      ]);
    }
  });

  test('from a policy that does not exist is an error, and says which there are', () => {
    expect(message(policies, verdictOn(policies, [{ ...exception, policy: 'tydy' }]))).toMatch(
      /the exception from tydy for shop names no policy \(got tydy\): allowed is tidy/,
    );
  });

  test('in force changes nothing but whether there is an error: what is judged does not depend on the day', () => {
    const day = fc.date({ min: new Date('2026-01-01'), max: new Date('2028-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(day, (date) => {
        const today = date.toISOString().slice(0, 10);
        const verdict = verdictOn(policies, [exception], today);
        expect(verdict.violations).toEqual([]);
        expect(message(policies, verdict) === '').toBe(today <= exception.until);
      }),
    );
  });
});
