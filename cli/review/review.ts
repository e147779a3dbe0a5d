import type { TopologyService } from '../../constructs/core/topology.js';
import { compare, compared } from './compare.js';
import type { Declaration } from './declaration.js';
import { code, codes, count, type Finding } from './finding.js';
import { type Cost, costOf } from './judge/cost.js';
import { judgeHardening } from './judge/hardening.js';
import { type Outcome, outcomes } from './judge/replacement.js';
import { LEVELS, type Level } from './level.js';
import { locate, type Sources, type Where } from './locate.js';
import { judgePlan, type PlannedChange } from './terraform-plan.js';

/** What a review came to. */
export interface Review {
  readonly base: { readonly ref: string; readonly commit: string };
  /** The working tree: the commit that it started from, and whether it was changed since. */
  readonly tree: { readonly commit: string | null; readonly dirty: boolean };
  readonly environments: readonly EnvironmentReview[];
  /** Of all environments, most dangerous first. */
  readonly findings: readonly LocatedFinding[];
}

export interface EnvironmentReview {
  readonly name: string;
  readonly before: Declaration | undefined;
  readonly after: Declaration | undefined;
  readonly outcomes: readonly Outcome[];
  readonly cost: { readonly before: Cost | null; readonly after: Cost | null };
  /** What Terraform would do with the deployment on this machine; nothing where it was not asked. */
  readonly planned: readonly PlannedChange[] | undefined;
}

export interface LocatedFinding extends Pick<Finding, 'level' | 'subject' | 'what' | 'why'> {
  readonly environments: readonly string[];
  readonly where: Where | null;
}

/** One environment as both sides have it. */
export interface Sides {
  readonly name: string;
  readonly before: Declaration | undefined;
  readonly after: Declaration | undefined;
  readonly planned?: readonly PlannedChange[] | undefined;
}

/** Judges each environment, finds the lines, and says once what is the same in several. */
export function reviewed(about: Pick<Review, 'base' | 'tree'>, all: readonly Sides[], sources: Sources): Review {
  const environments = all.map((sides): EnvironmentReview => {
    const { name, before, after, planned } = sides;
    return {
      name,
      before,
      after,
      outcomes: before && after ? outcomes(compared(before, after)) : [],
      cost: { before: before ? costOf(before) : null, after: after ? costOf(after) : null },
      planned,
    };
  });
  const located = environments.flatMap((environment) =>
    findingsOf(environment).map(({ level, subject, what, why, cause }): LocatedFinding => {
      const where = locate({ cause }, environment.name, sources) ?? null;
      return { level, subject, what, why, where, environments: [environment.name] };
    }),
  );
  const findings = joinServices(joinEnvironments(located));
  return {
    ...about,
    environments,
    findings: findings.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level)),
  };
}

/** What is the same in several environments is said once. */
function joinEnvironments(findings: readonly LocatedFinding[]): LocatedFinding[] {
  const joined = new Map<string, LocatedFinding>();
  for (const finding of findings) {
    const key = JSON.stringify({ ...finding, environments: [] });
    const environments = [...(joined.get(key)?.environments ?? []), ...finding.environments];
    joined.set(key, { ...finding, environments: [...new Set(environments)] });
  }
  return [...joined.values()];
}

/** So is what one line does to several services. */
function joinServices(findings: readonly LocatedFinding[]): LocatedFinding[] {
  const groups = new Map<string, LocatedFinding[]>();
  for (const finding of findings) {
    const about = `\`${finding.subject}\`: `;
    const what = finding.what.startsWith(about) ? finding.what.slice(about.length) : null;
    const key = JSON.stringify({
      ...finding,
      what: what ?? finding.what,
      subject: what === null ? finding.subject : null,
    });
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...rest] = group;
    if (!first || rest.length === 0) return group;
    const subjects = group.map(({ subject }) => subject);
    return [
      { ...first, subject: subjects.join(', '), what: codes(subjects) + first.what.slice(first.subject.length + 2) },
    ];
  });
}

function findingsOf({ name, before, after, planned, outcomes }: EnvironmentReview): Finding[] {
  if (before && after)
    return [...compare(before, after), ...(planned ? judgePlan(planned, { before, after }, outcomes) : [])];
  const cause = { files: [`environments/${name}.ts`, 'environments/index.ts'] };
  if (after) {
    const nothing = { ...after, topology: { ...after.topology, services: [] } };
    return [
      // All of it is new; what is protected less than usual is still worth a word.
      ...judgeHardening(compared(nothing, after)),
      {
        level: 'other',
        subject: name,
        what: `environment ${code(name)} is new: ${describe(after)}`,
        why: 'Nothing is deployed from it yet.',
        cause,
      },
    ];
  }
  if (!before) return [];
  const data = before.topology.services.some(hasData);
  return [
    {
      level: data ? 'data' : 'availability',
      subject: name,
      what: `environment ${code(name)} is gone: ${describe(before)}`,
      why: `Where it is deployed, no command can reach it any more${data ? ', and nothing owns its data' : ''}: destroy it first.`,
      cause,
    },
  ];
}

function describe({ topology }: Declaration): string {
  const containers = topology.services.reduce((sum, { instances }) => sum + instances.length, 0);
  const ports = topology.published.map(({ address, hostPort }) => `${address}:${hostPort}`);
  return `${count(containers, 'container')}${ports.length === 0 ? '' : `, published on ${codes(ports)}`}`;
}

function hasData({ instances }: TopologyService): boolean {
  return instances.some(({ volumes }) => volumes.length > 0);
}

/** How many findings there are of each level, most dangerous first; levels without any are left out. */
export function counts(findings: readonly Pick<Finding, 'level'>[]): [Level, number][] {
  return LEVELS.map((level): [Level, number] => [
    level,
    findings.filter((finding) => finding.level === level).length,
  ]).filter(([, number]) => number > 0);
}
