import type { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import { recordApplied } from '../drift/index.js';
import type { ChangeOptions } from '../rollout/change-running.js';
import { refuseOld } from '../rollout/overlap.js';
import { isOverlapping, settleSecrets } from '../deployment/secrets-in-use.js';
import { sayNote } from '../terminal/note.js';
import { runSteps } from '../terminal/steps.js';
import { apply } from './apply.js';
import { check } from './check.js';
import { declareSession } from './declare.js';
import { prepare } from './prepare.js';
import type { DeclaredSession } from '../session/session.js';
import { waitForClients, waitForSupporting } from './wait.js';

/**
 * Brings the platform up, or to what is declared now.
 * @returns why a supporting service is not ready, or undefined
 * @throws PlatformError if clients cannot be served
 */
export async function bringUp(context: Context, options: ChangeOptions): Promise<PlatformError | undefined> {
  const session = await declareSession(await prepare(context, options));
  await check(session);
  const repaired = await apply(session);
  await waitForClients(session);
  await endOverlap(session);
  // So that the next start can tell at once that nothing is to do.
  recordApplied(context, session.topology);
  for (const { what, repair } of repaired) {
    sayNote(repair.by === 'user' ? `${what}. ${repair.fix}` : `repaired: ${what}`);
  }
  return waitForSupporting(session);
}

/** Once clients are served with the declared passwords, nobody needs the old ones. */
async function endOverlap({ context, engine, topology, options }: DeclaredSession): Promise<void> {
  if (!isOverlapping(context.paths)) {
    settleSecrets(topology, context.paths);
    return;
  }
  const run = () => refuseOld(engine.docker, topology, context.paths);
  await runSteps(options, [{ title: 'Refuse the old passwords', run }]);
}
