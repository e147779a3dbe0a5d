import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../machine/engine.js';
import { checkPorts, hostPorts } from './host-ports.js';
import { checkMemory } from './memory.js';
import { checkOwner } from './owner.js';
import { checkState } from './state.js';
import { checkSubnets } from './subnets.js';

export { checkPorts, type HostPort, hostPorts } from './host-ports.js';
export { allocateInstance, type Allocation } from './instance.js';
export { findLeftovers, labelledResources, type LabelledResource, removeLeftovers } from './leftovers.js';
export { hasActiveEndpoints, networkRemovalProblem } from './network-removal.js';
export { checkOwner } from './owner.js';
export { checkState } from './state.js';
export { checkSubnets } from './subnets.js';
export { readTerraformState, type RecordedResource, type TerraformState } from './terraform-state.js';

/**
 * Everything that must be right before the first thing is changed.
 * @param site with the instance's allocation in it, where there is one
 * @throws PlatformError with all problems at once
 */
export async function checkBeforeStart(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  site: Site,
  topology: Topology,
): Promise<void> {
  // The other checks rely on a state that can be read.
  checkState(context);
  const baseCidr = site.deployments[context.name]?.baseCidr ?? topology.baseCidr;
  const problems = await Promise.all([
    checkOwner(context, engine, site.owner),
    checkPorts(context, engine, hostPorts(topology, site)),
    checkSubnets(context, engine, baseCidr),
    checkMemory(engine, topology),
  ]);
  if (problems.flat().length > 0) throw PlatformError.all(problems.flat());
}
