import { existsSync } from 'node:fs';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { registerConfigVolumes, removeConfigVolumes } from '../deployment/config-volumes.js';
import {
  type Difference,
  findDrift,
  forgetApplied,
  inputsChanged,
  needsRefresh,
  repair,
  replacements,
} from '../drift/index.js';
import { recordEngine } from '../deployment/home-engine.js';
import { unlessEngineDied } from '../engine/unless-died.js';
import { findLeftovers, ownResources, removeResources } from '../preflight/leftovers.js';
import { disconnectStrangers } from '../preflight/network-members.js';
import { changeRunning, type ChangeOptions, isServing, statusBeforeChange } from '../rollout/change-running.js';
import { reloadFiles } from '../rollout/reload.js';
import { recordSecrets, secretsRecorded } from '../deployment/secrets-in-use.js';
import { gatherStatus } from '../status/gather.js';
import { reviveDeadPorts } from '../status/published-ports.js';
import { sayNote } from '../terminal/note.js';
import { runSteps } from '../terminal/steps.js';
import { declaredVolumes, registerVolumes } from '../deployment/volumes.js';
import type { DeclaredSession } from '../session/session.js';

/**
 * Brings the engine to what is declared. Also repairs what an interrupted run left behind, and what was changed by hand.
 * What serves clients is changed one by one.
 * @returns what was put right besides the change of the declaration
 * @throws PlatformError also if anything differs from the declaration afterwards
 */
export async function apply(session: DeclaredSession<ChangeOptions>): Promise<readonly Difference[]> {
  const { context, engine, terraform, topology, options } = session;
  const status = await statusBeforeChange(() => gatherStatus(context, engine.docker, topology), topology);
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
        await changeRunning({ ...session, status, secretsKnown }, { refresh, replace }, begin);
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
