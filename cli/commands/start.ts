import { existsSync } from 'node:fs';
import type { Topology } from '../../constructs/core/topology.js';
import { Duration } from '../../constructs/core/units.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import { apply, describe, foundVolumes, remember, sayNote } from '../deploy.js';
import { findDrift } from '../drift.js';
import { connectEngine } from '../machine/engine.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import { checkBeforeStart } from '../preflight/index.js';
import { prepare, type PrepareOptions } from '../prepare.js';
import { gatherStatus } from '../status/gather.js';
import { waitUntilReady } from '../status/ready.js';
import { runSteps } from '../steps.js';
import { warnings } from '../warnings.js';

/** Brings the platform up, or to what is declared now, and says where to connect. */
export async function startCommand(context: Context, options: PrepareOptions): Promise<number> {
  if (await nothingToDo(context)) {
    console.log(`${context.name} is up; nothing to do.\n`);
  } else {
    await bringUp(context, options);
  }
  process.stdout.write(renderOutputs(readOutputs(context, { showSecrets: false })));
  return 0;
}

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

export async function bringUp(context: Context, options: PrepareOptions): Promise<Topology> {
  const { engine, terraform, site } = await prepare(context, options);
  for (const warning of warnings(engine, context.project)) sayNote(warning);
  const topology = describe(context, site, { onNote: sayNote });
  await checkBeforeStart(context, engine, site, topology);
  const found = await foundVolumes(context, engine, topology);
  if (found.length > 0) {
    sayNote(
      `data volumes of ${context.name} exist that this checkout did not make; their data is used: ${found.join(', ')}. ` +
        'For a deployment of its own, use --instance NAME.',
    );
  }
  await runSteps(options, [
    { title: 'Create networks and containers', run: () => apply(context, engine, terraform, topology) },
    {
      title: 'Wait until everything is ready',
      run: (say) => waitUntilReady(context, engine.docker, topology, { within: READY_WITHIN, onProgress: say }),
    },
  ]);
  await remember(context, engine, topology);
  return topology;
}

/** First starts on slow machines take half a minute; what takes longer hangs. */
const READY_WITHIN = Duration.seconds(120);
