import { PlatformError } from '../../constructs/core/platform-error.js';
import { Duration } from '../../constructs/core/units.js';
import type { Context } from '../context.js';
import { apply, compareVolumes, endOverlap, remember, sayNote, writeDeployment } from '../deploy.js';
import { notesBeforeStart } from '../doctor/before-start.js';
import { lockNote } from '../lock/drift.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import { checkBeforeStart } from '../preflight/index.js';
import { prepare, type PrepareOptions } from '../prepare.js';
import { type ChangeOptions, statusBeforeChange } from '../rollout/change-running.js';
import { gatherStatus } from '../status/gather.js';
import { type WaitOptions, waitUntilReady } from '../status/ready.js';
import { runSteps } from '../steps.js';

export type StartOptions = PrepareOptions & ChangeOptions;

/** Brings the platform up, or to what is declared now, and says where to connect. */
export async function startCommand(context: Context, options: StartOptions): Promise<number> {
  const lacking = await bringUp(context, options);
  process.stdout.write(renderOutputs(readOutputs(context, { showSecrets: false })));
  if (lacking === undefined) return 0;
  console.error(`\nThe platform serves its clients, but not all of it came up: ${lacking.message}`);
  return EXIT_LACKING;
}

/** Clients are served, but a supporting service, such as the logs, is not ready. */
const EXIT_LACKING = 3;

/** Why a supporting service is not ready. */
export type Lacking = PlatformError;

/**
 * Deploys and waits until clients are served, then for the supporting services.
 * @returns why a supporting service is not ready, or undefined
 * @throws PlatformError if clients cannot be served
 */
export async function bringUp(context: Context, options: StartOptions): Promise<Lacking | undefined> {
  const { engine, terraform, site } = await prepare(context, options);
  const topology = writeDeployment(context, site, { onNote: sayNote });
  for (const found of await notesBeforeStart(context.project, engine, topology)) sayNote(found);
  const unlocked = lockNote(topology);
  if (unlocked !== undefined) sayNote(unlocked);
  await checkBeforeStart(context, engine, site, topology);
  const { found, missing } = await compareVolumes(context, engine, topology);
  if (found.length > 0) {
    sayNote(
      `data volumes of ${context.name} exist that this checkout did not make; their data is used: ${found.join(', ')}. ` +
        'For a deployment of its own, use --instance NAME.',
    );
  }
  if (missing.length > 0) {
    sayNote(
      `data volumes of ${context.name} are not there and begin empty: ${missing.join(', ')}. ` +
        'Unless a run was interrupted before it made them, somebody removed them, with their data (`docker volume prune` does).',
    );
  }
  const wait = (
    readyFor: NonNullable<WaitOptions['readyFor']>,
    within: Duration,
    onProgress: WaitOptions['onProgress'],
  ) => waitUntilReady(context, engine.docker, topology, { readyFor, within, ...(onProgress && { onProgress }) });
  const status = await statusBeforeChange(() => gatherStatus(context, engine.docker, topology), topology);
  const repaired = await apply(context, engine, terraform, topology, status, options);
  await runSteps(options, [
    { title: 'Wait until clients are served', run: (say) => wait('clients', SERVING_WITHIN, say) },
  ]);
  await endOverlap(context, engine, topology, options);
  remember(context, topology);
  for (const { what, repair } of repaired)
    sayNote(repair.by === 'user' ? `${what}. ${repair.fix}` : `repaired: ${what}`);
  const supporting = topology.services.filter((service) => service.supporting).map(({ name }) => name);
  if (supporting.length === 0) return undefined;
  try {
    await runSteps(options, [
      { title: `Wait for ${supporting.join(', ')}`, run: (say) => wait('everything', SUPPORTING_WITHIN, say) },
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return error;
  }
}

/** First starts on slow machines take half a minute; what takes longer hangs. */
const SERVING_WITHIN = Duration.seconds(120);
/** Java servers take 10 s on an idle machine, and many times that on a busy one. */
const SUPPORTING_WITHIN = Duration.seconds(180);
