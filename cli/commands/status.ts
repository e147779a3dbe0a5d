import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import { connectEngine } from '../machine/engine.js';
import { gatherStatus, undeployed } from '../status/gather.js';
import { renderStatus } from '../status/render.js';
import type { Status } from '../status/status.js';
import { paintFor } from '../status/table.js';
import { readTopology } from '../status/topology.js';

export interface StatusOptions {
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
}

/**
 * `npm run status`: how the deployment is.
 * @returns 0 if all is well, else 1
 */
export async function statusCommand(context: Context, { json = false }: StatusOptions): Promise<number> {
  const status = await lookAt(context);
  process.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status, paintFor(process.stdout)));
  return status.ok ? 0 : 1;
}

/** Without an engine there is a status too: scripts that read JSON get JSON. */
async function lookAt(context: Context): Promise<Status> {
  try {
    const topology = await readTopology(context);
    if (!topology) return undeployed(context.name, `${context.name} is not deployed. Run \`npm start\`.`);
    const { docker } = await connectEngine();
    return await gatherStatus(context, docker, topology);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return undeployed(context.name, error.message);
  }
}
