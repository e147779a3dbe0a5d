import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import { checkEngine } from '../deployment/home-engine.js';
import { connectEngine } from '../engine/engine.js';
import { gatherStatus, undeployed } from './gather.js';
import type { Status } from './status.js';
import { readTopology } from './topology.js';

/** How the deployment is; without an engine there is a status too, so that scripts which read JSON get JSON. */
export async function lookAt(context: Context): Promise<Status> {
  try {
    const topology = await readTopology(context);
    if (!topology) return undeployed(context.name, `${context.name} is not deployed. Run \`npm start\`.`);
    const engine = await connectEngine();
    checkEngine(context, engine);
    return await gatherStatus(context, engine.docker, topology);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return undeployed(context.name, error.message);
  }
}
