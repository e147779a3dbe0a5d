import { PlatformError } from '../../constructs/core/platform-error.js';
import { isDay, today } from '../../constructs/core/policy-exception.js';
import { processEnv } from '../../environments/process-env.js';
import { loadEnvironment } from '../../environments/selection.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { holdsIn, problemsOf, type Verdict } from '../../policies/judge/judge.js';
import type { Project } from '../project.js';
import { declare } from '../synth/declare.js';
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
export async function policiesCommand(project: Project, options: PoliciesOptions): Promise<number> {
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
  const report = await describePolicies(
    project,
    only === undefined ? project.environments.map(({ name }) => name) : [only],
    on,
  );
  writeResult(json ? `${JSON.stringify(report, null, 2)}\n` : renderPolicies(report, resultPaint(options)), options);
  return report.ok ? 0 : 1;
}

/** @param names of environments */
export async function describePolicies(project: Project, names: readonly string[], day: string): Promise<PolicyReport> {
  const policies = (await project.policies()).filter((policy) => names.some((name) => holdsIn(policy, name)));
  const judged: PolicyReport['environments'][number][] = [];
  for (const name of names) {
    const verdict = await verdictOn(project, name, day);
    const problems = problemsOf(verdict, policies).map((one) => new PlatformError(one).message);
    judged.push({ environment: name, problems, ...verdict });
  }
  return {
    ok: judged.every(({ problems }) => problems.length === 0),
    day,
    policies: policies.map(({ id, why, fix, environments: where }) => ({ id, why, fix, environments: where ?? null })),
    environments: judged,
  };
}

async function verdictOn(project: Project, name: string, day: string): Promise<Verdict> {
  const environment = loadEnvironment(project.environments, name);
  return (await declare(project, { environment, site: UNPREPARED_SITE, day, policies: 'report' })).verdict;
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
