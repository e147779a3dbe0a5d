import type { Topology } from '../../constructs/core/topology.js';
import { redisServices } from '../status/addresses.js';
import type { Change } from './changes.js';

/** What was deployed, as far as it decides over the way of a change. */
export interface Deployed {
  readonly masterName: string;
}

/**
 * Why these changes cannot be made one by one: everything has to stop, and start again. Empty where they can.
 */
export function outageReasons(changes: readonly Change[], topology: Topology, deployed: Deployed): string[] {
  const networks = changes.filter(({ kind, action }) => kind === 'network' && action === 'replace');
  const masterName = redisServices(topology)?.model.masterName;
  return [
    ...(networks.length > 0
      ? [
          `networks are made anew, and all containers must leave them first: ${networks.map(({ name }) => name).join(', ')}`,
        ]
      : []),
    ...(masterName !== undefined && masterName !== deployed.masterName
      ? [
          `redis.masterName becomes ${masterName}, it was ${deployed.masterName}: nodes, Sentinels and clients must agree on it at any time`,
        ]
      : []),
  ];
}

/** Parts of the platform that one container alone provides: no order of changes spares their clients a moment without it. */
export function soleInstances(changes: readonly Change[], topology: Topology): string[] {
  return changes.flatMap(({ kind, action, service, instance }) => {
    const declared = topology.services.find(({ name }) => name === service);
    const alone = declared?.instances.length === 1 && !declared.supporting;
    return kind === 'container' && action === 'replace' && alone ? [instance] : [];
  });
}
