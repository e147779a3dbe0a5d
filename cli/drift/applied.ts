import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { providerVersion } from '../../constructs/core/provider-version.mjs';
import type { Topology } from '../../constructs/core/topology.js';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import type { Context } from '../context.js';
import { declarationKey } from './declaration-key.js';

/** That what is declared was applied to the end; of what is on the engine it says nothing. */
interface Applied {
  /** Hash of all that Terraform was given. */
  readonly inputs: string;
  /** See `declarationKey`. */
  readonly declared?: string;
}

/** Whether the declaration changed since the last apply that came to its end, or there was none. */
export function inputsChanged(context: Context, topology: Topology): boolean {
  return readApplied(context)?.inputs !== hashInputs(context, topology);
}

/** Remembers what was applied. */
export function recordApplied(context: Context, topology: Topology): void {
  const declared = declarationKey(context);
  const applied: Applied = { inputs: hashInputs(context, topology), ...(declared !== undefined && { declared }) };
  writeJson(context.paths.applied, applied);
}

/** Whether the declaration is the one that was applied, as nothing that it is made from changed. Where not, it still may be. */
export function isDeclaredAsApplied(context: Context): boolean {
  const key = readApplied(context)?.declared;
  return key !== undefined && key === declarationKey(context);
}

export function forgetApplied(context: Context): void {
  rmSync(context.paths.applied, { force: true });
}

function readApplied(context: Context): Applied | undefined {
  const file = context.paths.applied;
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Applied;
  } catch {
    // Half-written by an older version or by hand: as good as none, a full apply follows.
    return undefined;
  }
}

/** Everything that decides what Terraform would do. */
function hashInputs({ paths }: Context, topology: Topology): string {
  const hash = createHash('sha256').update(providerVersion);
  hash.update(readFileSync(join(paths.stack, 'cdk.tf.json')));
  for (const service of topology.services) {
    for (const file of service.files.filter(({ secret }) => secret)) {
      hash.update(readFileSync(join(paths.files, service.name, ...file.path.split('/'))));
    }
  }
  return hash.digest('hex');
}
