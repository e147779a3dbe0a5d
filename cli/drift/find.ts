import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from '../../policies/judge/values.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { readTerraformState } from '../terraform/state.js';
import { compare } from './compare.js';
import type { Difference } from './difference.js';
import { viewEngine } from './engine-view.js';
import { readProgram } from './program.js';

/**
 * How the engine differs from what is declared and applied. Nothing of it is remembered from earlier: what is expected
 * is in the program, what Terraform made is in its state, and the rest is asked.
 * @throws PlatformError if the state cannot be read
 */
export async function findDrift(context: Context, engine: Pick<Engine, 'docker' | 'swapLimit'>): Promise<Difference[]> {
  const recorded = readTerraformState(context.paths.state)?.resources ?? [];
  if (recorded.length === 0) return [];
  const program = readProgram(JSON.parse(readFileSync(join(context.paths.stack, 'cdk.tf.json'), 'utf8')));
  const view = await viewEngine(engine, {
    deployment: context.name,
    containers: program.containers.map(({ name }) => name),
    images: program.containers.map(({ values }) => text(values['image']) ?? ''),
  });
  return compare(program, recorded, view);
}
