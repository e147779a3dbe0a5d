import { PlatformError } from '../../constructs/core/platform-error.js';
import { isDay, today } from '../../constructs/core/policy-exception.js';
import { environments, loadEnvironment } from '../../environments/index.js';
import { processEnv } from '../../environments/process-env.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { holdsIn, problemsOf, type Verdict } from '../../policies/judge/judge.js';
import { declare } from '../../stacks/declare.js';
import { type ResultOptions, resultPaint, writeResult } from '../terminal/result.js';
import { type Paint, PLAIN, renderTable } from '../terminal/table.js';

export interface PoliciesOptions extends ResultOptions {
  /** Only this environment. @default PLATFORM_ENV, else every one */
  readonly env?: string | undefined;
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
  /** Judge as if it were this day, e.g. to see what will have expired by then. @default today */
  readonly on?: string | undefined;
}

/** What `npm run policies -- --json` prints. */
export interface PolicyReport {
  /** Whether nothing is violated, expired or misspelt. */
  readonly ok: boolean;
  readonly day: string;
  readonly policies: readonly {
    readonly id: string;
    readonly why: string;
    readonly fix: string;
    /** The environments that it holds in; null for all. */
    readonly environments: readonly string[] | null;
  }[];
  readonly environments: readonly ({ readonly environment: string; readonly problems: readonly string[] } & Verdict)[];
}

/**
 * `npm run policies`: which there are, what breaks them, and who may.
 * @returns 0 if nothing breaks them, else 1
 * @throws PlatformError for an unknown environment, a day that is none, and declarations with other problems
 */
export function policiesCommand(options: PoliciesOptions): Promise<number> {
  const { env, json = false, on = today() } = options;
  if (!isDay(on)) {
    throw new PlatformError({
      what: '--on is not a day',
      got: on,
      allowed: 'a day such as 2027-03-31',
      fix: 'Write year, month and day.',
    });
  }
  // CI systems set variables to nothing rather than not at all, hence `||`.
  const only = env ?? (processEnv['PLATFORM_ENV'] || undefined);
  const report = describePolicies(only === undefined ? Object.keys(environments) : [only], on);
  writeResult(json ? `${JSON.stringify(report, null, 2)}\n` : renderPolicies(report, resultPaint(options)), options);
  return Promise.resolve(report.ok ? 0 : 1);
}

/** @param names of environments */
export function describePolicies(names: readonly string[], day: string): PolicyReport {
  const policies = discoverPolicies().filter((policy) => names.some((name) => holdsIn(policy, name)));
  const judged = names.map((name) => {
    const verdict = verdictOn(name, day);
    return {
      environment: name,
      problems: problemsOf(verdict, policies).map((one) => new PlatformError(one).message),
      ...verdict,
    };
  });
  return {
    ok: judged.every(({ problems }) => problems.length === 0),
    day,
    policies: policies.map(({ id, why, fix, environments: where }) => ({ id, why, fix, environments: where ?? null })),
    environments: judged,
  };
}

function verdictOn(name: string, day: string): Verdict {
  return declare({ environment: loadEnvironment(name), site: UNPREPARED_SITE, day, policies: 'report' }).verdict;
}

/** For people; ends with a line feed. */
export function renderPolicies({ policies, environments: judged, ok }: PolicyReport, paint: Paint = PLAIN): string {
  const rows = policies.map(({ id, why, environments: where }) => [id, where?.join(', ') ?? 'everywhere', why]);
  const exceptions = judged.flatMap(({ environment, exceptions: all }) =>
    all.map(({ policy, subject, until, state, reason }) => [
      environment,
      policy,
      subject,
      until,
      paint(state === 'in force' ? 'green' : state === 'unused' ? 'yellow' : 'red', SAID[state]),
      reason,
    ]),
  );
  const problems = judged.flatMap(({ environment, problems: all }) => all.map((text) => `${environment}: ${text}`));
  const names = judged.map(({ environment }) => environment).join(', ');
  return [
    ...renderTable(['Policy', 'Where', 'Why'], rows, paint),
    '',
    ...(exceptions.length === 0
      ? ['No exceptions.']
      : renderTable(['Environment', 'Exception from', 'For', 'Until', 'State', 'Because'], exceptions, paint)),
    '',
    ...problems.map((text) => paint('red', `- ${text}`)),
    ok ? paint('green', `${names}: nothing breaks a policy.`) : paint('red', `${problems.length} problems.`),
    '',
  ].join('\n');
}

const SAID = {
  'in force': 'in force',
  unused: 'matches nothing: remove it',
  expired: 'expired',
  unknown: 'no such policy',
} as const;
