import type { Engine } from '../engine/engine.js';
import { nameOf } from '../status/containers.js';

/** A container or network on the engine that carries a deployment's label. */
export interface LabelledResource {
  readonly kind: 'container' | 'network';
  readonly id: string;
  readonly name: string;
  /** Of the checkout that made it; empty where it does not say. */
  readonly owner: string;
}

/** Everything on the engine that says it belongs to a deployment; volumes are never among them. */
export async function labelledResources(
  { docker }: Pick<Engine, 'docker'>,
  deployment: string,
): Promise<LabelledResource[]> {
  const filters = { label: [`redis-platform.deployment=${deployment}`] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  return [
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: 'container' as const,
      id: Id,
      name: nameOf(Names),
      owner: Labels['redis-platform.owner'] ?? '',
    })),
    ...networks.map(({ Id, Name, Labels }) => ({
      kind: 'network' as const,
      id: Id,
      name: Name,
      owner: Labels?.['redis-platform.owner'] ?? '',
    })),
  ];
}

/**
 * Networks of checkouts that have no container in the deployment any more: their run was cut off, or the engine would not let the network go.
 * They hold nothing, so whoever deploys next may remove them.
 */
export function abandonedNetworks(labelled: readonly LabelledResource[]): Set<string> {
  const alive = new Set(labelled.filter(({ kind }) => kind === 'container').map(({ owner }) => owner));
  return new Set(labelled.filter(({ kind, owner }) => kind === 'network' && !alive.has(owner)).map(({ id }) => id));
}
