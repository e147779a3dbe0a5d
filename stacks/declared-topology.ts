import type { Topology } from '../constructs/core/topology.js';
import { environments, loadEnvironment } from '../environments/index.js';
import type { Environment } from '../environments/schema.js';
import type { LogFlavour } from '../constructs/logging/model.js';
import { UNPREPARED_SITE } from '../environments/site.js';
import { declare, type DeclareOptions } from './declare.js';

export interface DeclaredOptions {
  readonly instance?: string | undefined;
  /** For environments that leave the log stack to the machine. @default 'elastic' */
  readonly logs?: LogFlavour | 'off' | undefined;
  /** @default throw if anything breaks one */
  readonly policies?: DeclareOptions['policies'];
}

/** What an environment declares, on machines of all kinds. */
export function declaredTopology(
  environment: Environment,
  { instance, logs, policies }: DeclaredOptions = {},
): Topology {
  const site = { ...UNPREPARED_SITE, logs };
  return declare({ environment, instance, site, ...(policies && { policies }) }).topology;
}

/** What every environment can declare, on machines of all kinds, or on those with one of the log stacks. */
export function everyTopology(flavours: readonly LogFlavour[] = ['elastic', 'debian']): Topology[] {
  return Object.keys(environments).flatMap((name) =>
    flavours.map((logs) => declaredTopology(loadEnvironment(name), { logs })),
  );
}
