import type { TopologyService } from '../../../constructs/core/topology.js';
import { modelsOf } from '../../../constructs/models.js';
import { OLD_SESSIONS_END_WITHIN } from '../../../constructs/proxy/render-config.js';
import type { Declaration, Resource } from '../declaration.js';
import { type Cause, code, codes, type Finding } from '../finding.js';
import type { Level } from '../level.js';
import { asRecord, list } from '../../../policies/judge/values.js';
import { about, type Comparison, isSame } from './comparison.js';

/** What Terraform would do with a container. */
export type Action = 'created' | 'replaced' | 'changed in place' | 'changed at its next replacement' | 'removed';

export interface Outcome {
  readonly service: string;
  /** Short name of the container. */
  readonly instance: string;
  readonly action: Action;
  /** Why, e.g. `image`, `file /config/redis.conf`. */
  readonly because: readonly string[];
}

/** Attributes that the provider (4.x, resource_docker_container) changes on a running container. */
const IN_PLACE = new Set([
  'memory',
  'memory_swap',
  'memory_reservation',
  'restart',
  'max_retry_count',
  'cpu_shares',
  'cpu_set',
]);
/** Attributes that it only remembers: they count when the container is made the next time. */
const REMEMBERED = new Set([
  'rm',
  'start',
  'wait',
  'wait_timeout',
  'attach',
  'logs',
  'must_run',
  'remove_volumes',
  'tmpfs',
  'destroy_grace_seconds',
  'init',
  'cpu_period',
  'cpu_quota',
]);

const CALLED: Readonly<Record<string, string>> = {
  env: 'environment',
  networks_advanced: 'networks',
  stop_timeout: 'time to stop',
  destroy_grace_seconds: 'time to stop',
  healthcheck: 'health check',
  ulimit: 'process limit',
  cpus: 'cores',
  memory_swap: 'memory',
  tmpfs: 'scratch folders',
  security_opts: 'security options',
  read_only: 'root file system',
  log_opts: 'log limits',
};

/** What happens to each container, in the order of the services. */
export function outcomes({ before, after, matched }: Comparison): Outcome[] {
  const found: Outcome[] = [];
  for (const { before: was, after: is } of matched.pairs) {
    const files = changedFiles(was, is);
    const fileReasons = files.map((path) => `file ${path}`);
    const shared = seederReasons(before, after, was, is);
    for (const instance of is.instances) {
      const old = was.instances.find(({ name }) => name === instance.name);
      const add = (action: Action, because: readonly string[]) =>
        found.push({ service: is.name, instance: instance.name, action, because });
      if (!old) {
        add('created', was.name === is.name ? [] : [`renamed from ${was.name}`]);
        continue;
      }
      const changed = changedAttributes(before, after, instance.container);
      const forcing = changed.filter((name) => !IN_PLACE.has(name) && !REMEMBERED.has(name));
      const renewing = is.reload === null ? [...fileReasons, ...shared] : [];
      const reasons = [...new Set([...forcing.map((name) => CALLED[name] ?? name), ...renewing])];
      const reread = renewing.length === 0 ? [...fileReasons, ...shared] : [];
      const named = (names: readonly string[]) => [...new Set(names.map((name) => CALLED[name] ?? name))];
      if (reasons.length > 0) add('replaced', [...reasons, ...reread]);
      else if (reread.length > 0 || changed.some((name) => IN_PLACE.has(name)))
        add('changed in place', [...named(changed), ...reread]);
      else if (changed.length > 0) add('changed at its next replacement', named(changed));
    }
    for (const { name } of was.instances) {
      if (!is.instances.some((instance) => instance.name === name))
        found.push({ service: is.name, instance: name, action: 'removed', because: [] });
    }
  }
  for (const { name: service, instances } of matched.added) {
    for (const { name } of instances) found.push({ service, instance: name, action: 'created', because: [] });
  }
  for (const { name: service, instances } of matched.removed) {
    for (const { name } of instances) found.push({ service, instance: name, action: 'removed', because: [] });
  }
  return found;
}

/** One finding a service: how many of its containers are replaced, why, and what that means. */
export function judgeReplacement(comparison: Comparison, others: readonly Finding[]): Finding[] {
  const all = outcomes(comparison);
  return comparison.matched.pairs.flatMap(({ before, after }): Finding[] => {
    const mine = all.filter(({ service }) => service === after.name);
    const cause = joinedCause(others.filter(({ subject, level }) => subject === after.name && level !== 'cost'));
    const add = (
      action: Action,
      level: Level,
      what: (some: readonly Outcome[], reasons: string) => string,
      why: (some: readonly Outcome[]) => string,
      words: readonly string[],
    ): Finding[] => {
      const some = mine.filter((outcome) => outcome.action === action);
      if (some.length === 0) return [];
      const reasons = codes([...new Set(some.flatMap(({ because }) => because))]);
      const joined = { ...cause, words: [...(cause.words ?? []), ...words] };
      return [about(after, level, what(some, reasons), why(some), joined)];
    };
    const why = mine.filter(({ action }) => action === 'replaced').flatMap(({ because }) => because);
    return [
      ...add(
        'replaced',
        'availability',
        (some, reasons) => `${whichOf(some, after)} replaced (${reasons})`,
        (some) => meaning(after, roleOf(comparison, after), some, togetherBecause(before, after, some)),
        [...why.map((reason) => reason.replace(/^file /, '')), 'addFile', 'environment'],
      ),
      ...add(
        'changed in place',
        'other',
        (_, reasons) => `changed while running, without a restart: ${reasons}`,
        (some) =>
          some.some(({ because }) => because.some((reason) => reason.startsWith('file ')))
            ? `Nothing restarts; connections that are open end within ${OLD_SESSIONS_END_WITHIN.toSeconds()} s.`
            : 'Nothing is interrupted.',
        ['restart', 'memory', 'limits'],
      ),
      ...add(
        'changed at its next replacement',
        'other',
        (_, reasons) => `takes effect only when its containers are replaced: ${reasons}`,
        () => 'Until then, what runs differs from what is declared.',
        ['stopTimeout', 'tmpfs', 'scratch'],
      ),
    ];
  });
}

function whichOf(replaced: readonly Outcome[], { instances }: TopologyService): string {
  const all = replaced.length === instances.length && replaced.length > 1;
  if (all) return `all ${replaced.length} containers are`;
  return `${codes(replaced.map(({ instance }) => instance))} ${replaced.length === 1 ? 'is' : 'are'}`;
}

/** What depends on the service. */
function roleOf({ after: { topology } }: Comparison, { name }: TopologyService): 'nodes' | 'sentinels' | undefined {
  return modelsOf(topology, 'redis').flatMap(({ nodes, sentinels }) =>
    nodes.service === name ? ['nodes' as const] : sentinels.service === name ? ['sentinels' as const] : [],
  )[0];
}

/** @param together why `npm start` cannot replace them one by one, if so */
function meaning(
  service: TopologyService,
  role: ReturnType<typeof roleOf>,
  replaced: readonly Outcome[],
  together: string | undefined,
): string {
  const { instances, name } = service;
  const all = replaced.length === instances.length;
  if (instances.length === 1) return 'It is the only one: every connection through it breaks until it is back.';
  if (replaced.length > 1 && together === undefined) return oneByOne(role);
  const why = together === undefined ? '' : ` They cannot be replaced one by one: ${together}.`;
  if (role === 'nodes') {
    const first = instances[0]?.name ?? name;
    return all || replaced.some(({ instance }) => instance === first)
      ? `The master is among them (at first ${code(first)}): writes stop until one is master again.${why}`
      : `The master at first is not among them, unless a failover made one of them master.${why}`;
  }
  if (role === 'sentinels')
    return `${all ? 'Until they are back nobody starts a failover.' : 'Until they are back fewer Sentinels watch.'}${why}`;
  return `${all ? 'Requests fail until the first one is ready again.' : 'The others carry the load meanwhile.'}${why}`;
}

function oneByOne(role: ReturnType<typeof roleOf>): string {
  const last = role === 'nodes' ? ' The master comes last and hands over first: writes pause for 1 to 2 s.' : '';
  return `\`npm start\` replaces them one by one, each when the one before is well again.${last} Plain \`cdktf deploy\` replaces them together.`;
}

/** What `npm start` goes by, too (`rollout/`): passwords of which old and new do not fit, networks that all must leave, another name of the master. */
function togetherBecause(
  before: TopologyService,
  after: TopologyService,
  replaced: readonly Outcome[],
): string | undefined {
  const reasons = new Set(replaced.flatMap(({ because }) => because));
  const isSecret = (path: string) =>
    [...before.files, ...after.files].some((file) => file.path === path && file.secret);
  if (changedFiles(before, after).some(isSecret)) return 'old and new secret files do not fit together';
  if (reasons.has('networks')) return 'their networks change';
  return undefined;
}

function changedFiles(before: TopologyService, after: TopologyService): string[] {
  const text = (service: TopologyService, path: string) => service.files.find((file) => file.path === path)?.text;
  const paths = new Set([...before.files, ...after.files].map(({ path }) => path));
  return [...paths].filter((path) => text(before, path) !== text(after, path)).sort();
}

/** The container that holds the files is replaced for other reasons than their text, too: an image, owners, permissions. */
function seederReasons(before: Declaration, after: Declaration, was: TopologyService, is: TopologyService): string[] {
  if (was.seeder === null || was.seeder !== is.seeder) return [];
  const changed = changedAttributes(before, after, was.seeder).filter(
    (name) => !IN_PLACE.has(name) && !REMEMBERED.has(name) && name !== 'upload',
  );
  const uploads = (declaration: Declaration, name: string) =>
    list(find(declaration, name)?.[1]['upload']).map((upload) => ({
      ...asRecord(upload),
      content: undefined,
      source: undefined,
      source_hash: undefined,
    }));
  const differ = !isSame(uploads(before, was.seeder), uploads(after, was.seeder));
  return changed.length > 0 || (differ && changedFiles(was, is).length === 0) ? ['files'] : [];
}

function changedAttributes(before: Declaration, after: Declaration, name: string): string[] {
  const [was, is] = [find(before, name), find(after, name)];
  if (!was || !is) return [];
  if (was[0] !== is[0]) return ['path in the construct tree'];
  const names = new Set([...Object.keys(was[1]), ...Object.keys(is[1])]);
  return [...names].filter((attribute) => !isSame(sorted(was[1][attribute]), sorted(is[1][attribute]))).sort();
}

/** What the provider keeps as sets: their order has no meaning. */
function sorted(value: unknown): unknown {
  if (!Array.isArray(value) || value.every((item) => typeof item === 'string' && !item.includes('='))) return value;
  return value.map((item) => JSON.stringify(item)).sort();
}

function find({ containers }: Declaration, name: string): [string, Resource] | undefined {
  return Object.entries(containers).find(([, container]) => container['name'] === name);
}

function joinedCause(findings: readonly Finding[]): Omit<Cause, 'construct'> {
  const join = (key: 'settings' | 'environment' | 'words' | 'files') =>
    findings.flatMap(({ cause }) => cause[key] ?? []);
  return { settings: join('settings'), environment: join('environment'), words: join('words'), files: join('files') };
}
