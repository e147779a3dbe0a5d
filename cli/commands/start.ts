import { existsSync } from 'node:fs';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { Duration } from '../../constructs/core/units.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import { apply, describe, foundVolumes, remember, sayNote } from '../deploy.js';
import { findDrift } from '../drift.js';
import { lockNote } from '../lock/drift.js';
import { connectEngine } from '../machine/engine.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import { checkBeforeStart } from '../preflight/index.js';
import { prepare, type PrepareOptions } from '../prepare.js';
import { gatherStatus } from '../status/gather.js';
import { type WaitOptions, waitUntilReady } from '../status/ready.js';
import { runSteps } from '../steps.js';
import { warnings } from '../warnings.js';

/** Brings the platform up, or to what is declared now, and says where to connect. */
export async function startCommand(context: Context, options: PrepareOptions): Promise<number> {
  let lacking: Lacking | undefined;
  if (!options.frozen && (await nothingToDo(context))) {
    console.log(`${context.name} is up; nothing to do.\n`);
  } else {
    lacking = await bringUp(context, options);
  }
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
 * Whether declaration, engine and last apply agree and all is well: no Terraform is started to tell.
 * Any doubt leads to the full way, which also explains what is wrong.
 */
async function nothingToDo(context: Context): Promise<boolean> {
  if (!existsSync(context.paths.applied)) return false;
  const engine = await connectEngine().catch(() => undefined);
  if (!engine) return false;
  const topology = describe(context, readSite(context.project));
  const [drift, status] = await Promise.all([
    findDrift(context, engine.docker, topology),
    gatherStatus(context, engine.docker, topology),
  ]);
  return !drift.inputsChanged && drift.differences.length === 0 && status.ok;
}

/**
 * Deploys and waits until clients are served, then for the supporting services.
 * @returns why a supporting service is not ready, or undefined
 * @throws PlatformError if clients cannot be served
 */
export async function bringUp(context: Context, options: PrepareOptions): Promise<Lacking | undefined> {
  const { engine, terraform, site } = await prepare(context, options);
  const topology = describe(context, site, { onNote: sayNote });
  for (const warning of warnings(engine, context.project, topology)) sayNote(warning);
  const unlocked = lockNote(topology);
  if (unlocked !== undefined) sayNote(unlocked);
  await checkBeforeStart(context, engine, site, topology);
  const found = await foundVolumes(context, engine, topology);
  if (found.length > 0) {
    sayNote(
      `data volumes of ${context.name} exist that this checkout did not make; their data is used: ${found.join(', ')}. ` +
        'For a deployment of its own, use --instance NAME.',
    );
  }
  const wait = (
    readyFor: NonNullable<WaitOptions['readyFor']>,
    within: Duration,
    onProgress: WaitOptions['onProgress'],
  ) => waitUntilReady(context, engine.docker, topology, { readyFor, within, ...(onProgress && { onProgress }) });
  await runSteps(options, [
    { title: 'Create networks and containers', run: () => apply(context, engine, terraform, topology) },
    { title: 'Wait until clients are served', run: (say) => wait('clients', SERVING_WITHIN, say) },
  ]);
  await remember(context, engine, topology);
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
