import type { Topology } from '../../constructs/core/topology.js';
import type { Environment } from '../../environments/schema.js';
import { loadEnvironment } from '../../environments/selection.js';
import type { LogFlavour } from '../../constructs/logging/model.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import type { Project } from '../project.js';
import { declare, type DeclareOptions } from './declare.js';

export interface DeclaredOptions {
  readonly instance?: string | undefined;
  /** For environments that leave the log stack to the machine. @default 'elastic' */
  readonly logs?: LogFlavour | 'off' | undefined;
  /** @default throw if anything breaks one */
  readonly policies?: DeclareOptions['policies'];
}

/** What an environment declares, on machines of all kinds. */
export async function declaredTopology(
  project: Project,
  environment: Environment,
  { instance, logs, policies }: DeclaredOptions = {},
): Promise<Topology> {
  const site = { ...UNPREPARED_SITE, logs };
  return (await declare(project, { environment, instance, site, ...(policies && { policies }) })).topology;
}

/** What every environment can declare, on machines of all kinds, or on those with one of the log stacks. */
export async function everyTopology(
  project: Project,
  flavours: readonly LogFlavour[] = ['elastic', 'debian'],
): Promise<Topology[]> {
  const found: Topology[] = [];
  for (const { name } of project.environments) {
    const environment = loadEnvironment(project.environments, name);
    for (const logs of flavours) found.push(await declaredTopology(project, environment, { logs }));
  }
  return found;
}
