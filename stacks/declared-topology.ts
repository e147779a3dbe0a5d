import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Topology } from '../constructs/core/topology.js';
import type { Environment } from '../environments/schema.js';
import { UNPREPARED_SITE } from '../environments/site.js';
import { synthesize } from './synth.js';

/** What an environment declares. Writes nothing that stays, so a deployment's own output is not touched. */
export function declaredTopology(environment: Environment, instance?: string): Topology {
  const outdir = mkdtempSync(join(tmpdir(), 'redis-platform-topology-'));
  try {
    return synthesize({ environment, instance, site: UNPREPARED_SITE, outdir });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
