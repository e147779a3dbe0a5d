import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { checkPorts, hostPorts } from './host-ports.js';
import { checkMemory } from './memory.js';
import { checkOwner } from './owner.js';
import { checkState } from './state.js';
import { checkSubnets } from './subnets.js';

/** What is looked at: that of a session, also where there is none. */
export interface IntendedStart {
  readonly context: Context;
  readonly engine: Pick<Engine, 'docker'>;
  /** With the instance's allocation in it, where there is one. */
  readonly site: Site;
  readonly topology: Topology;
}

/**
 * Everything that must be right before the first thing is changed.
 * @throws PlatformError with all problems at once
 */
export async function checkBeforeStart(start: IntendedStart): Promise<void> {
  const { owner, ports, subnets, memory } = await problemsBeforeStart(start);
  const problems = [...owner, ...ports, ...subnets, ...memory];
  if (problems.length > 0) throw PlatformError.all(problems);
}

/**
 * As checkBeforeStart, for who wants to list them, by what was looked at.
 * @throws PlatformError if the state cannot be read
 */
export async function problemsBeforeStart({
  context,
  engine,
  site,
  topology,
}: IntendedStart): Promise<Record<'owner' | 'ports' | 'subnets' | 'memory', Problem[]>> {
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
