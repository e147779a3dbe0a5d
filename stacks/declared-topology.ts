import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Topology } from '../constructs/core/topology.js';
import { environments, loadEnvironment } from '../environments/index.js';
import type { Environment } from '../environments/schema.js';
import type { LogFlavour } from '../constructs/logging/log-stack.js';
import { UNPREPARED_SITE } from '../environments/site.js';
import { synthesize } from './synth.js';

export interface DeclaredOptions {
  readonly instance?: string | undefined;
  /** For environments that leave the log stack to the machine. @default 'elastic' */
  readonly logs?: LogFlavour | undefined;
}

/** What an environment declares. Writes nothing that stays, so a deployment's own output is not touched. */
export function declaredTopology(environment: Environment, { instance, logs }: DeclaredOptions = {}): Topology {
  const outdir = mkdtempSync(join(tmpdir(), 'redis-platform-topology-'));
  try {
    const site = { ...UNPREPARED_SITE, logs };
    return synthesize({ environment, instance, site, outdir });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What every environment can declare, on machines of all kinds. */
export function everyTopology(): Topology[] {
  return Object.keys(environments).flatMap((name) =>
    (['elastic', 'debian'] as const).map((logs) => declaredTopology(loadEnvironment(name), { logs })),
  );
}
