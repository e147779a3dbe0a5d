import { existsSync } from 'node:fs';
import { PlatformError } from '../constructs/core/platform-error.js';
import type { Topology } from '../constructs/core/topology.js';
import type { Site } from '../environments/site.js';
import { declare, type DeclareOptions } from '../stacks/declare.js';
import { writeDeclaration } from '../stacks/write-declaration.js';
import { registerConfigVolumes, removeConfigVolumes } from './config-volumes.js';
import type { Context } from './context.js';
import {
  type Difference,
  findDrift,
  forgetApplied,
  inputsChanged,
  needsRefresh,
  recordApplied,
  repair,
  replacements,
} from './drift/index.js';
import { recordEngine } from './engine-id.js';
import type { Engine } from './machine/engine.js';
import { findLeftovers, ownResources, removeResources, removeWhatGoes } from './preflight/leftovers.js';
import { disconnectStrangers } from './preflight/network-members.js';
import { type ChangeOptions, changeRunning, isServing } from './rollout/change-running.js';
import { refuseOld } from './rollout/overlap.js';
import { reloadFiles } from './rollout/reload.js';
import { prepareSecrets } from './secrets.js';
import { isOverlapping, recordSecrets, secretsRecorded, settleSecrets } from './secrets-in-use.js';
import { reviveDeadPorts } from './status/published-ports.js';
import type { Status } from './status/status.js';
import { recordRemoval } from './state-copy.js';
import { runSteps } from './steps.js';
import type { Terraform } from './terraform.js';
import { declaredVolumes, registeredVolumes, registerVolumes } from './volumes.js';

/**
 * Writes what a deployment is declared to be: the Terraform program, the topology and the secret files that both refer to.
 * @throws PlatformError if the declaration is wrong or breaks a policy
 */
export function writeDeployment(
  { environment, instance, paths }: Context,
  site: Site,
  judging: Pick<DeclareOptions, 'onNote'> = {},
): Topology {
  const declaration = declare({ environment, instance, site, ...judging });
  writeDeclaration(declaration, paths.output);
  prepareSecrets(declaration.topology, paths);
  return declaration.topology;
}

/** On the screen, of what is no error. */
export function sayNote(note: string): void {
  console.log(`Note: ${note}`);
}

/**
 * Brings the engine to what is declared. Also repairs what an interrupted run left behind, and what was changed by hand.
 * @param status how it is now: what serves clients is changed one by one
 * @returns what was put right besides the change of the declaration
 * @throws PlatformError also if anything differs from the declaration afterwards
 */
export async function apply(
  context: Context,
  engine: Engine,
  terraform: Terraform,
  topology: Topology,
  status: Status,
  options: ChangeOptions,
): Promise<readonly Difference[]> {
  recordEngine(context, engine);
  const secretsKnown = secretsRecorded(context.paths);
  recordSecrets(topology, context.paths);
  registerVolumes(context.paths, declaredVolumes(topology));
  await registerConfigVolumes(context, engine);
  const differences = await findDrift(context, engine);
  const known = existsSync(context.paths.applied);
  // Where the declaration changed, differences are mostly that change; what is left after it is drift.
  const drift = inputsChanged(context, topology) ? differences.filter(inTheWay) : differences;
  const begin = () => {
    // Until this apply is through, nothing is known for certain.
    forgetApplied(context);
  };
  if (differences.length > 0) begin();
  await repair(engine, drift);
  // Also in networks that are no longer declared, of which drift says nothing.
  for (const done of await disconnectStrangers(engine, await ownResources(context, engine))) sayNote(done);
  await removeResources(engine, await findLeftovers(context, engine));
  // Neither Terraform nor the engine sees them: both go on listing such a port.
  await reviveDeadPorts(engine.docker, topology);
  // A network that is made anew takes all its members with it, whoever they are.
  const atOnce = drift.some(({ repair }) => repair.by === 'removal' && repair.kind === 'network');
  const change = (refresh: boolean, replace: readonly string[]) =>
    unlessEngineDied(engine, async () => {
      if (isServing(status, topology) && !(atOnce && replace.length > 0)) {
        const running = { context, engine, terraform, topology, status, secretsKnown };
        await changeRunning(running, { refresh, replace }, options, begin);
        return;
      }
      begin();
      const run = async () => {
        await terraform.init();
        await terraform.apply(refresh, replace);
      };
      await runSteps(options, [{ title: 'Create networks and containers', run }]);
    });
  await change(!known || needsRefresh(differences), replacements(drift));
  const left = (await findDrift(context, engine)).filter(toRepair);
  if (left.length > 0) {
    await repair(engine, left);
    const addresses = replacements(left);
    if (addresses.length > 0) await change(false, addresses);
    checkRepaired((await findDrift(context, engine)).filter(toRepair));
  }
  await reloadFiles(engine.docker, topology);
  await registerConfigVolumes(context, engine);
  await removeConfigVolumes(context, engine);
  return [...drift, ...left];
}

/** Terraform would stumble over it. */
function inTheWay({ repair }: Difference): boolean {
  return repair.by === 'removal' || repair.by === 'rename';
}

/** Whether a container runs is for the readiness to say, which knows why it does not. */
function toRepair({ repair }: Difference): boolean {
  return repair.by !== 'user' && repair.by !== 'refresh';
}

function checkRepaired(left: readonly Difference[]): void {
  if (left.length === 0) return;
  throw PlatformError.all(
    left.map(({ what }) => ({
      what,
      got: 'the same after it was made anew',
      fix: 'Whoever changes it changes it again, or this engine does not do what it is told: see `docker inspect`.',
    })),
  );
}

/** Once clients are served with the declared passwords, nobody needs the old ones. */
export async function endOverlap(
  context: Context,
  engine: Engine,
  topology: Topology,
  options: ChangeOptions,
): Promise<void> {
  if (!isOverlapping(context.paths)) {
    settleSecrets(topology, context.paths);
    return;
  }
  const run = () => refuseOld(engine.docker, topology, context.paths);
  await runSteps(options, [{ title: 'Refuse the old passwords', run }]);
}

/** Remembers that all was applied, so that the next start can tell at once that nothing is to do. */
export function remember(context: Context, topology: Topology): void {
  recordApplied(context, topology);
}

/**
 * Removes containers and networks; data volumes stay. The engine is told so itself, and Terraform's state afterwards: Terraform would wait two
 * seconds for each network. Where it is interrupted, the state lists what is gone already, as after any interrupted run.
 * @returns what else was done on the engine, a sentence for each
 */
export async function remove(context: Context, engine: Engine): Promise<string[]> {
  forgetApplied(context);
  registerVolumes(context.paths);
  await registerConfigVolumes(context, engine);
  const own = await ownResources(context, engine);
  const done = await disconnectStrangers(engine, own);
  const leaked = await unlessEngineDied(engine, () => removeWhatGoes(engine, own));
  recordRemoval(
    context.paths.state,
    leaked.map(({ id }) => id),
  );
  await removeConfigVolumes(context, engine);
  return [
    ...done,
    ...leaked.map(
      ({ name }) =>
        `network ${name} stays until the engine is restarted, which counts endpoints in it that do not exist; the next start uses it`,
    ),
  ];
}

/** What is said of an engine that died depends on the moment, so the engine itself is asked. */
async function unlessEngineDied<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
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

/** Data volumes of the declaration, as they are on the engine and as this checkout knows them. */
export interface VolumeFindings {
  /** There without this checkout having made them: another one did, or `.platform` was deleted since. */
  readonly found: readonly string[];
  /** This checkout made them, or was about to, and they are not there. */
  readonly missing: readonly string[];
}

export async function compareVolumes(context: Context, engine: Engine, topology: Topology): Promise<VolumeFindings> {
  const { Volumes } = await engine.docker.listVolumes();
  const present = new Set(Volumes.map(({ Name }) => Name));
  const registered = new Set(registeredVolumes(context.paths));
  const declared = declaredVolumes(topology);
  return {
    found: declared.filter((name) => present.has(name) && !registered.has(name)),
    missing: declared.filter((name) => !present.has(name) && registered.has(name)),
  };
}
