import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Declaration, readDeclaration } from '../../cli/review/declaration.js';
import type { Synthesized } from './synth.js';

/** What a review reads of a synth. */
export function declarationOf({ text, topologyText }: Pick<Synthesized, 'text' | 'topologyText'>): Declaration {
  const folder = mkdtempSync(join(tmpdir(), 'redis-platform-declaration-'));
  try {
    writeFileSync(join(folder, 'cdk.tf.json'), text);
    writeFileSync(join(folder, 'topology.json'), topologyText);
    return readDeclaration(folder, 'the test');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
