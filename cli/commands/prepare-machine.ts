import type { Context } from '../context.js';
import { writeDeployment } from '../start/declare.js';
import { prepare } from '../start/prepare.js';
import type { PrepareOptions } from '../session/session.js';

/** Everything that `npx cdktf deploy` needs: engine, images, provider, secrets and the synthesized program. */
export async function prepareMachineCommand(context: Context, options: PrepareOptions): Promise<number> {
  const { engine, site, terraform } = await prepare(context, options);
  await writeDeployment(context, site);
  await terraform.init();
  console.log(
    `This machine is ready: Docker engine ${engine.version}, images and provider are here.\n` +
      `Next: \`npm start\`, or \`npx cdktf deploy ${context.name}\`.`,
  );
  return 0;
}
