import type Docker from 'dockerode';
import type { Topology } from '../../constructs/core/topology.js';
import { redisServices } from '../status/addresses.js';

/**
 * The order in which everything stops without losing a write: who writes first, then replicas, then the master, which has all that
 * was ever confirmed, and at last the Sentinels, who remember which one it was.
 * @returns names on the engine; what is in one group stops together
 */
function stopOrder(topology: Topology, master: string): string[][] {
  const redis = redisServices(topology);
  const published = new Set(topology.published.map(({ service }) => service));
  const containers = (services: Topology['services'], chosen: (name: string) => boolean = () => true) =>
    services.flatMap(({ instances }) => instances.filter(({ name }) => chosen(name)).map(({ container }) => container));
  const others = topology.services.filter((service) => service !== redis?.nodes && service !== redis?.sentinels);
  const nodes = redis ? [redis.nodes] : [];
  return [
    containers(others.filter(({ name }) => published.has(name))),
    containers(others.filter(({ name, supporting }) => !published.has(name) && !supporting)),
    containers(nodes, (name) => name !== master),
    containers(nodes, (name) => name === master),
    containers(redis ? [redis.sentinels] : []),
  ].filter((group) => group.length > 0);
}

/** Stops what runs of these, with the time that each container asks for. */
export async function stopAll(
  docker: Docker,
  topology: Topology,
  master: string,
  say: (text: string) => void,
): Promise<void> {
  for (const group of stopOrder(topology, master)) {
    say(`stopping ${group.join(', ')}`);
    await Promise.all(group.map((container) => unlessStopped(docker.getContainer(container).stop())));
  }
}

async function unlessStopped(stopping: Promise<unknown>): Promise<void> {
  try {
    await stopping;
  } catch (error) {
    // Stopped already (304), or gone (404).
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 304 && statusCode !== 404) throw error;
  }
}
