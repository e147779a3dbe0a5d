import type { Context } from '../context.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import type { ChangeOptions } from '../rollout/change-running.js';
import { bringUp } from '../start/start.js';

/** Clients are served, but a supporting service, such as the logs, is not ready. */
const EXIT_NOT_ALL_UP = 3;

/** Brings the platform up, or to what is declared now, and says where to connect. */
export async function startCommand(context: Context, options: ChangeOptions): Promise<number> {
  const unready = await bringUp(context, options);
  process.stdout.write(renderOutputs(readOutputs(context, { showSecrets: false })));
  if (unready === undefined) return 0;
  console.error(`\nThe platform serves its clients, but not all of it came up: ${unready.message}`);
  return EXIT_NOT_ALL_UP;
}
