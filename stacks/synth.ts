import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import { Deployment } from '../constructs/core/deployment.js';
import type { Topology } from '../constructs/core/topology.js';
import type { Environment } from '../environments/schema.js';
import type { Site } from '../environments/site.js';
import { deploymentName } from '../constructs/core/deployment.js';
import { PlatformStack } from './platform-stack.js';

export interface SynthOptions {
  readonly environment: Environment;
  readonly instance?: string | undefined;
  readonly site: Site;
  /** @default cdktf.out, or what the cdktf CLI wants */
  readonly outdir?: string;
}

/** Writes `cdk.tf.json` and, beside it, `topology.json`: a function of environment and site alone. */
export function synthesize({ environment, instance, site, outdir }: SynthOptions): Topology {
  const here = site.deployments[deploymentName(environment.name, instance)];
  const deployment = new Deployment({
    environment: environment.name,
    instance,
    declaredCidr: environment.network.baseCidr,
    actualCidr: here?.baseCidr,
    actualPorts: here?.ports,
    engine: site.engine,
    owner: site.owner,
  });
  // Stack traces would put this machine's paths into the output, and cost a third of the time.
  const app = new App({ stackTraces: false, ...(outdir !== undefined && { outdir }) });
  const stack = new PlatformStack(app, deployment, environment, { logs: site.logs ?? 'elastic' });
  app.synth();
  const topology = stack.topology();
  writeFileSync(join(app.outdir, 'stacks', deployment.name, 'topology.json'), `${JSON.stringify(topology, null, 2)}\n`);
  return topology;
}
