import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Topology } from '../constructs/core/topology.js';
import { environments, loadEnvironment } from '../environments/index.js';
import type { Environment } from '../environments/schema.js';
import type { LogFlavour } from '../constructs/logging/model.js';
import { UNPREPARED_SITE } from '../environments/site.js';
import { synthesizeAll, type Synthesis, type SynthOptions } from './synth.js';

export interface DeclaredOptions {
  readonly instance?: string | undefined;
  /** For environments that leave the log stack to the machine. @default 'elastic' */
  readonly logs?: LogFlavour | 'off' | undefined;
  /** @default throw if anything breaks one */
  readonly policies?: SynthOptions['policies'];
}

/** What an environment declares. Writes nothing that stays, so a deployment's own output is not touched. */
export function declaredTopology(
  environment: Environment,
  { instance, logs, policies }: DeclaredOptions = {},
): Topology {
  const site = { ...UNPREPARED_SITE, logs };
  return synthesizeApart({ environment, instance, site, ...(policies && { policies }) }).topology;
}

/** What an environment comes to, without a trace in the deployment's own output. */
export function synthesizeApart(options: Omit<SynthOptions, 'outdir'>): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'redis-platform-topology-'));
  try {
    return synthesizeAll({ ...options, outdir });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What every environment can declare, on machines of all kinds, or on those with one of the log stacks. */
export function everyTopology(flavours: readonly LogFlavour[] = ['elastic', 'debian']): Topology[] {
  return Object.keys(environments).flatMap((name) =>
    flavours.map((logs) => declaredTopology(loadEnvironment(name), { logs })),
  );
}
