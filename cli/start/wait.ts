import { PlatformError } from '../../constructs/core/platform-error.js';
import { Duration } from '../../constructs/core/units.js';
import { waitUntilReady } from '../status/ready.js';
import { runSteps, type Say } from '../terminal/steps.js';
import type { DeclaredSession } from '../session/session.js';

/** First starts on slow machines take half a minute; what takes longer hangs. */
const SERVING_WITHIN = Duration.seconds(120);
/** Java servers take 10 s on an idle machine, and many times that on a busy one. */
const SUPPORTING_WITHIN = Duration.seconds(180);

/** @throws PlatformError if clients cannot be served */
export async function waitForClients({ context, engine, topology, options }: DeclaredSession): Promise<void> {
  const run = (onProgress: Say) =>
    waitUntilReady(context, engine.docker, topology, { readyFor: 'clients', within: SERVING_WITHIN, onProgress });
  await runSteps(options, [{ title: 'Wait until clients are served', run }]);
}

/**
 * Waits for the services that support, such as the logs.
 * @returns why one of them is not ready, or undefined
 */
export async function waitForSupporting(session: DeclaredSession): Promise<PlatformError | undefined> {
  const { context, engine, topology, options } = session;
  const supporting = topology.services.filter((service) => service.supporting).map(({ name }) => name);
  if (supporting.length === 0) return undefined;
  const run = (onProgress: Say) =>
    waitUntilReady(context, engine.docker, topology, { readyFor: 'everything', within: SUPPORTING_WITHIN, onProgress });
  try {
    await runSteps(options, [{ title: `Wait for ${supporting.join(', ')}`, run }]);
    return undefined;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return error;
  }
}
