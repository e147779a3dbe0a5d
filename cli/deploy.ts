import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlatformError } from '../constructs/core/platform-error.js';
import type { Topology } from '../constructs/core/topology.js';
import type { Site } from '../environments/site.js';
import { synthesize, type SynthOptions } from '../stacks/synth.js';
import type { Context } from './context.js';
import { findDrift, forgetApplied, recordApplied } from './drift.js';
import type { Engine } from './machine/engine.js';
import { findLeftovers, removeLeftovers } from './preflight/leftovers.js';
import { prepareSecrets } from './secrets.js';
import type { Terraform } from './terraform.js';

/**
 * Writes the Terraform program, the topology and the secret files that both refer to.
 * @throws PlatformError if the declaration is wrong or breaks a policy
 */
export function describe(
  context: Context,
  site: Site,
  judging: Pick<SynthOptions, 'policies' | 'onNote'> = {},
): Topology {
  const topology = synthesize({ environment: context.environment, instance: context.instance, site, ...judging });
  prepareSecrets(topology, context.paths);
  return topology;
}

/** On the screen, of what is no error. */
export function sayNote(note: string): void {
  console.log(`Note: ${note}`);
}

/** Brings the engine to what is declared. Also mends what an interrupted run left behind. */
export async function apply(context: Context, engine: Engine, terraform: Terraform, topology: Topology): Promise<void> {
  registerVolumes(context, topology);
  await removeLeftovers(engine, await findLeftovers(context, engine));
  const { differences } = await findDrift(context, engine.docker, topology);
  const known = existsSync(context.paths.applied) && differences.length === 0;
  // Until this apply is through, nothing is known for certain.
  forgetApplied(context);
  await terraform.init();
  await unlessEngineDied(engine, () => terraform.apply(!known));
}

/** Remembers what runs, so that the next start can tell at once that nothing is to do. */
export async function remember(context: Context, engine: Engine, topology: Topology): Promise<void> {
  await recordApplied(context, engine.docker, topology);
}

/** Removes containers and networks; data volumes stay. */
export async function remove(context: Context, engine: Engine, terraform: Terraform): Promise<void> {
  forgetApplied(context);
  if (existsSync(context.paths.state)) {
    await terraform.init();
    await unlessEngineDied(engine, () => terraform.destroy());
  }
  await removeLeftovers(engine, await findLeftovers(context, engine));
}

/** What Terraform says of an engine that died depends on the moment, so the engine itself is asked. */
async function unlessEngineDied(engine: Engine, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    try {
      await engine.docker.ping();
    } catch {
      throw new PlatformError(
        {
          what: 'the Docker engine stopped answering half-way',
          fix: 'Start it and run the command again: what was done is kept, the rest is repaired.',
        },
        { cause },
      );
    }
    throw cause;
  }
}

/** Names of all data volumes that this deployment ever had. */
export function registeredVolumes(context: Context): string[] {
  return existsSync(context.paths.volumes) ? (JSON.parse(readFileSync(context.paths.volumes, 'utf8')) as string[]) : [];
}

/** Data volumes that exist without this checkout having made them: another one did, or `.platform` was deleted since. */
export async function foundVolumes(context: Context, engine: Engine, topology: Topology): Promise<string[]> {
  const { Volumes } = await engine.docker.listVolumes();
  const present = new Set(Volumes.map(({ Name }) => Name));
  const registered = new Set(registeredVolumes(context));
  return declaredVolumes(topology).filter((name) => present.has(name) && !registered.has(name));
}

function declaredVolumes(topology: Topology): string[] {
  return topology.services.flatMap(({ instances }) =>
    instances.flatMap(({ volumes }) => volumes.filter(({ readOnly }) => !readOnly).map(({ name }) => name)),
  );
}

/** Before they are created: a volume that is not in the register would never be removed. */
function registerVolumes(context: Context, topology: Topology): void {
  const all = [...new Set([...registeredVolumes(context), ...declaredVolumes(topology)])].sort();
  mkdirSync(dirname(context.paths.volumes), { recursive: true });
  writeFileSync(context.paths.volumes, `${JSON.stringify(all, null, 2)}\n`);
}
