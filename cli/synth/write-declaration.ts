import { join } from 'node:path';
import { writeJson, writeWhole } from '../../constructs/core/whole-file.mjs';
import type { Declaration } from './declare.js';

/**
 * Writes what Terraform and cdktf's commands read, as cdktf itself would write it, and the topology beside it; each file whole.
 * @param outdir e.g. `cdktf.out`
 */
export function writeDeclaration({ name, program, topology, manifest }: Declaration, outdir: string): void {
  const folder = join(outdir, 'stacks', name);
  writeWhole(join(folder, 'cdk.tf.json'), sortedJson(program));
  writeJson(join(folder, 'topology.json'), topology);
  // cdktf writes paths as the system joins them; it reads either form on Windows. Nothing else in it has backslashes: names are ours.
  writeWhole(join(outdir, 'manifest.json'), sortedJson(manifest).replaceAll('\\\\', '/'));
}

/** Keys in order, two spaces, a line for the end of what is empty: as json-stable-stringify has it, which cdktf writes with. */
function sortedJson(value: unknown, indent = '\n'): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => deeper + sortedJson(item, deeper)).join(',')}${indent}]`;
  }
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${deeper}${JSON.stringify(key)}: ${sortedJson(member, deeper)}`);
  return `{${members.join(',')}${indent}}`;
}
