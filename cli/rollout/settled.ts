import type { Topology } from '../../constructs/core/topology.js';
import { modelsOf } from '../../constructs/models.js';
import { redisServices } from '../status/addresses.js';
import type { Status } from '../status/status.js';
import type { Wave } from './waves.js';

/**
 * What the next wave still has to wait for, in a few words; undefined if it may begin. Stricter than a healthy status: a
 * node that was just replaced must be one that every Sentinel would elect, or the next planned failover finds nobody.
 * @param ignored short names of containers that were unwell before anything began and are not changed yet: they are what the
 * change may be meant to repair
 */
export function notSettled(
  status: Status,
  wave: Wave,
  topology: Topology,
  ignored: ReadonlySet<string>,
): string | undefined {
  const container = (name: string) => status.containers.find((one) => one.name === name);
  const counts = (name: string) => container(name)?.state === 'running' && !ignored.has(name);
  const routes = modelsOf(topology, 'proxy').flatMap(({ tcp }) => tcp);
  const byRole = new Set(routes.filter(({ role }) => role !== 'any').map(({ name }) => name));
  for (const { kind, action, instance } of wave.changes) {
    if (kind !== 'container' || action === 'delete') continue;
    if (container(instance)?.ok !== true) return `${instance} is ${container(instance)?.health ?? 'not running'}`;
    for (const { name, servers } of status.backends) {
      // Of a Redis node's backends only those count that lead to it whatever its role is.
      if (byRole.has(name)) continue;
      const server = servers.find((one) => one.name === instance);
      if (server && !server.up) return `the proxy's ${name} does not lead to ${instance} yet (${server.status})`;
    }
  }
  const redis = redisServices(topology);
  if (redis === undefined) return undefined;
  if (status.redis === null) return 'no master answers at the master port';
  const { master, replicas } = status.redis;
  const nodes = redis.nodes.instances.map(({ name }) => name).filter(counts);
  const others = nodes.filter((name) => name !== master);
  for (const name of others) {
    const replica = replicas.find((one) => one.name === name);
    if (replica?.link !== 'online') return `${name} is not in sync with ${master} (${replica?.link ?? 'unknown'})`;
    if (replica.lagSeconds > redis.model.nodes.maxLagSeconds) return `${name} lags ${replica.lagSeconds} s`;
  }
  const sentinels = status.sentinels.filter(({ name }) => counts(name));
  for (const sentinel of sentinels) {
    if (sentinel.master !== master) return `${sentinel.name} calls ${sentinel.master ?? 'nobody'} master`;
    if (sentinel.flags.some((flag) => flag !== 'master')) return `${sentinel.name} says ${sentinel.flags.join(', ')}`;
    if (!sentinel.quorum) return `${sentinel.name} could not agree on a failover`;
    if (sentinel.otherSentinels < sentinels.length - 1)
      return `${sentinel.name} knows ${sentinel.otherSentinels} other Sentinels`;
    const unknown = others.filter((name) => !sentinel.electable.includes(name));
    if (unknown.length > 0) return `${sentinel.name} would not elect ${unknown.join(', ')} yet`;
  }
  return undefined;
}
