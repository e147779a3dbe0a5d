import type { Context } from '../context.js';
import { remove, sayNote } from '../deploy.js';
import { checkState } from '../preflight/state.js';
import { prepareEngine, type PrepareOptions } from '../prepare.js';
import { runSteps } from '../steps.js';

/** Removes containers and networks. Data volumes and secrets stay: the next start goes on where this one ended. */
export async function downCommand(context: Context, options: PrepareOptions): Promise<number> {
  await removeDeployment(context, options);
  console.log(`${context.name} is down. Its data is kept: \`npm start\` brings it back.`);
  return 0;
}

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
