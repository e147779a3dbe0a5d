import { existsSync } from 'node:fs';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import { describe, remove } from '../deploy.js';
import { checkState } from '../preflight/state.js';
import { prepare, type PrepareOptions } from '../prepare.js';
import { runSteps } from '../steps.js';

/** Removes containers and networks. Data volumes and secrets stay: the next start goes on where this one ended. */
export async function downCommand(context: Context, options: PrepareOptions): Promise<number> {
  await removeDeployment(context, options);
  console.log(`${context.name} is down. Its data is kept: \`npm start\` brings it back.`);
  return 0;
}

export async function removeDeployment(context: Context, options: PrepareOptions): Promise<void> {
  checkState(context);
  const { engine, terraform } = await prepare(context, { ...options, images: false });
  // Terraform reads its program even to remove what is in the state.
  if (existsSync(context.paths.state)) describe(context, readSite(context.project), { policies: 'ignore' });
  await runSteps(options, [{ title: 'Remove containers and networks', run: () => remove(context, engine, terraform) }]);
}
