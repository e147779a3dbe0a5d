import type { Context } from '../context.js';
import { registerConfigVolumes, removeConfigVolumes } from '../deployment/config-volumes.js';
import { forgetApplied } from '../drift/index.js';
import { unlessEngineDied } from '../engine/unless-died.js';
import type { Engine } from '../engine/engine.js';
import { ownResources, removeWhatGoes } from '../preflight/leftovers.js';
import { disconnectStrangers } from '../preflight/network-members.js';
import { checkState } from '../preflight/state.js';
import { recordRemoval } from '../terraform/state-copy.js';
import { sayNote } from '../terminal/note.js';
import { runSteps } from '../terminal/steps.js';
import { registerVolumes } from '../deployment/volumes.js';
import { prepareEngine } from './prepare.js';
import type { PrepareOptions } from '../session/session.js';

export async function removeDeployment(context: Context, options: PrepareOptions): Promise<void> {
  checkState(context);
  const engine = await prepareEngine(context, options);
  let notes: readonly string[] = [];
  const run = async () => {
    notes = await remove(context, engine);
  };
  await runSteps(options, [{ title: 'Remove containers and networks', run }]);
  for (const note of notes) sayNote(note);
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
