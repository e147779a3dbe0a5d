import { existsSync } from 'node:fs';
import type { Topology } from '../../constructs/core/topology.js';
import type { Context } from '../context.js';
import { findDrift, inputsChanged, isDeclaredAsApplied, recordApplied } from '../drift/index.js';
import { checkEngine } from '../deployment/home-engine.js';
import { connectEngine } from '../engine/engine.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import { prepareSecrets } from '../deployment/secrets.js';
import { gatherStatus } from '../status/gather.js';
import { readTopology } from '../status/topology.js';

/*
 * A start that has nothing to do. Whoever works with a platform types `npm start` to be sure that it is there, so this loads little, starts
 * no other program, and makes no declaration that was made before.
 */

/** @returns whether there was nothing to do; then it was said, and where to connect */
export async function sayIfUp(context: Context): Promise<boolean> {
  if (!(await isUpToDate(context))) return false;
  console.log(`${context.name} is up; nothing to do.\n`);
  process.stdout.write(renderOutputs(readOutputs(context, { showSecrets: false })));
  return true;
}

/**
 * Whether declaration, engine and last apply agree and all is well: no Terraform is started to tell.
 * Any doubt leads to the full way, which also explains what is wrong.
 */
async function isUpToDate(context: Context): Promise<boolean> {
  if (!existsSync(context.paths.applied)) return false;
  const engine = await connectEngine().catch(() => undefined);
  if (!engine) return false;
  checkEngine(context, engine);
  const known = isDeclaredAsApplied(context);
  const topology = known ? await declaredBefore(context) : await declare(context);
  if (topology === undefined || inputsChanged(context, topology)) return false;
  const [differences, status] = await Promise.all([
    findDrift(context, engine),
    gatherStatus(context, engine.docker, topology),
  ]);
  if (differences.length > 0 || !status.ok) return false;
  if (!known) recordApplied(context, topology);
  return true;
}

async function declaredBefore(context: Context): Promise<Topology | undefined> {
  const topology = await readTopology(context);
  // Where one was deleted it gets another value, and the inputs differ.
  if (topology !== undefined) prepareSecrets(topology, context.paths);
  return topology;
}

async function declare(context: Context): Promise<Topology> {
  const [{ writeDeployment }, { readSite }] = await Promise.all([
    import('./declare.js'),
    import('../../environments/site.js'),
  ]);
  return writeDeployment(context, readSite(context.project.folder));
}
