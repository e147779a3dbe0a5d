import type { Topology } from '../constructs/core/topology.js';
import { modelsOf } from '../constructs/models.js';

/** What `proxy.ports` of an environment calls a published port. */
export function portSetting(topology: Pick<Topology, 'models'>, published: string): string {
  const routes = modelsOf(topology, 'proxy').flatMap(({ tcp }) => tcp);
  const route = routes.find(({ name }) => name === published);
  if (!route) return published;
  const watched = modelsOf(topology, 'redis').some(({ sentinels }) => sentinels.service === route.to.service);
  return { master: 'redisMaster', replica: 'redisReplicas', any: watched ? 'sentinels' : 'nodes' }[route.role];
}
