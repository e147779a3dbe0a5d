import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../machine/engine.js';
import { checkPorts, hostPorts } from './host-ports.js';
import { checkMemory } from './memory.js';
import { checkOwner } from './owner.js';
import { checkState } from './state.js';
import { checkSubnets } from './subnets.js';

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
  const { owner, ports, subnets, memory } = await problemsBeforeStart(context, engine, site, topology);
  const problems = [...owner, ...ports, ...subnets, ...memory];
  if (problems.length > 0) throw PlatformError.all(problems);
}

/**
 * As checkBeforeStart, for who wants to list them, by what was looked at.
 * @throws PlatformError if the state cannot be read
 */
export async function problemsBeforeStart(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  site: Site,
  topology: Topology,
): Promise<Record<'owner' | 'ports' | 'subnets' | 'memory', Problem[]>> {
  // The other checks rely on a state that can be read.
  checkState(context);
  const [owner, ports, subnets, memory] = await Promise.all([
    checkOwner(context, engine, site.owner),
    checkPorts(context, engine, hostPorts(topology, site)),
    checkSubnets(context, engine, baseCidrOf(site, topology)),
    checkMemory(engine, topology),
  ]);
  return { owner, ports, subnets, memory };
}

/** The range of addresses that a deployment really has. */
export function baseCidrOf({ deployments }: Site, { deployment, baseCidr }: Topology): string {
  return deployments[deployment]?.baseCidr ?? baseCidr;
}
