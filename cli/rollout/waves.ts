import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import { serviceNamed } from '../../constructs/models.js';
import { redisServices } from '../status/addresses.js';
import type { Change } from './changes.js';

/** What is changed together, before anybody waits. */
export interface Wave {
  readonly kind: 'prepare' | 'remove' | 'sentinel' | 'node' | 'master' | 'service' | 'entrance' | 'rest';
  readonly title: string;
  readonly changes: readonly Change[];
}

/** How the platform is while it is changed. */
export interface Roles {
  /** Short name of the node that is master now. */
  readonly master: string;
  /** Short names of containers that something is wrong with: they go first, as nothing is lost with them. */
  readonly unwell: ReadonlySet<string>;
}

/** The one wave after which nothing is waited for: what is left is applied as a whole. */
export const isRest = ({ kind }: Wave) => kind === 'rest';

/**
 * The order in which the containers of a running platform are changed, so that it serves its clients meanwhile: first what
 * is only added (with Redis nodes, the proxy learns of them), then what is removed, then one by one Sentinels, replicas, the master, new clients of
 * Redis, services, the proxy. What supports (logs) and everything that no client notices comes last, at once.
 *
 * Each change is in exactly one wave. Called again after each wave with what is left, as roles may have changed.
 */
export function planWaves(changes: readonly Change[], topology: Topology, roles: Roles): Wave[] {
  const redis = redisServices(topology);
  const grows = addsNodes(changes, topology);
  const has = (action: Change['action'], service: TopologyService | undefined, quantity: 'some' | 'every') =>
    service?.instances[quantity](({ name }) =>
      changes.some((change) => change.kind === 'container' && change.action === action && change.instance === name),
    ) === true;
  const newUsers = has('replace', redis?.nodes, 'some') || has('replace', redis?.sentinels, 'some');
  /** Redis lets a new client in once its containers were told of the user; until then the client is not well. */
  const awaitsItsUser = ({ kind, action, service }: Change) =>
    newUsers &&
    kind === 'container' &&
    action === 'create' &&
    topology.grants.some(({ client, kind }) => client === service && kind === redis?.model.kind) &&
    has('create', serviceNamed(topology, service), 'every');
  const rank = (change: Change): Wave['kind'] => {
    const service = topology.services.find(({ name }) => name === change.service);
    if (change.kind === 'seeder') return change.action === 'delete' ? 'rest' : 'prepare';
    if (change.kind === 'network') return change.action === 'create' ? 'prepare' : 'rest';
    if (change.kind !== 'container') return 'rest';
    if (service?.supporting) return 'rest';
    if (change.action === 'create' || change.action === 'update') return 'prepare';
    if (change.action === 'delete') return 'remove';
    if (service === undefined) return 'service';
    if (service === redis?.sentinels) return 'sentinel';
    if (service === redis?.nodes) return change.instance === roles.master ? 'master' : 'node';
    if (!topology.published.some((port) => port.service === service.name)) return 'service';
    // It must know a new node before that can be master.
    return grows ? 'prepare' : 'entrance';
  };
  const of = (kind: Wave['kind']) => changes.filter((change) => rank(change) === kind);
  const one = (kind: Wave['kind'], word: string): Wave[] =>
    sorted(of(kind), roles).map((change) => ({ kind, title: `${word} ${change.instance}`, changes: [change] }));
  const together = (kind: Wave['kind'], title: string, all: readonly Change[] = of(kind)): Wave[] =>
    all.length === 0 ? [] : [{ kind, title, changes: all }];
  const prepare = (all: readonly Change[]) => {
    const made = (wanted: Change['action']) =>
      all.flatMap(({ kind, instance, action }) => (kind === 'container' && action === wanted ? [instance] : []));
    const [added, replaced] = [made('create'), made('replace')].map((names) => names.join(', '));
    const title = added ? `Add ${added}${replaced ? `, replace ${replaced}` : ''}` : 'Prepare files and networks';
    return together('prepare', title, all);
  };
  return [
    ...prepare(of('prepare').filter((change) => !awaitsItsUser(change))),
    ...one('remove', 'Remove'),
    ...one('sentinel', 'Replace'),
    ...one('node', 'Replace'),
    ...one('master', 'Hand over and replace'),
    ...prepare(of('prepare').filter(awaitsItsUser)),
    ...one('service', 'Replace'),
    ...one('entrance', 'Replace'),
    ...together('rest', 'Apply the rest'),
  ];
}

/** Whether there are Redis nodes that are only made now: any failover after that may make one of them the master. */
export function addsNodes(changes: readonly Change[], topology: Topology): boolean {
  const nodes = redisServices(topology)?.nodes.name;
  return changes.some(({ kind, action, service }) => kind === 'container' && action === 'create' && service === nodes);
}

/** Those that are unwell first, the master last, else the youngest first: the first instance is master at first. */
function sorted(changes: readonly Change[], { master, unwell }: Roles): Change[] {
  const rank = ({ instance }: Change) => (instance === master ? 2 : unwell.has(instance) ? 0 : 1);
  return [...changes].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      b.instance.localeCompare(a.instance, 'en', { numeric: true }) ||
      (a.address < b.address ? -1 : 1),
  );
}

/** Whether containers that run have to be ended for these changes, other than such as clients are served without. */
export function interrupts(changes: readonly Change[], topology: Topology): boolean {
  return changes.some(
    ({ kind, action, service }) =>
      kind === 'container' &&
      (action === 'replace' || action === 'delete') &&
      topology.services.find(({ name }) => name === service)?.supporting !== true,
  );
}
