import type { Context } from '../context.js';
import { removeDeployment } from '../start/remove.js';
import type { PrepareOptions } from '../session/session.js';

/** Removes containers and networks. Data volumes and secrets stay: the next start goes on where this one ended. */
export async function downCommand(context: Context, options: PrepareOptions): Promise<number> {
  await removeDeployment(context, options);
  console.log(`${context.name} is down. Its data is kept: \`npm start\` brings it back.`);
  return 0;
}
