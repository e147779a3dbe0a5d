import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import { Deployment, deploymentName } from '../constructs/core/deployment.js';
import { today } from '../constructs/core/policy-exception.js';
import type { Topology } from '../constructs/core/topology.js';
import type { Environment } from '../environments/schema.js';
import type { Site } from '../environments/site.js';
import { discoverPolicies } from '../policies/judge/discover.js';
import { enforce, judge, notesOf, type Verdict } from '../policies/judge/judge.js';
import { subjectFromProgram } from '../policies/judge/resources.js';
import { PlatformStack } from './platform-stack.js';

export interface SynthOptions {
  readonly environment: Environment;
  readonly instance?: string | undefined;
  readonly site: Site;
  /** @default cdktf.out, or what the cdktf CLI wants */
  readonly outdir?: string;
  /**
   * What to do with what policies say. @default throw if anything breaks one
   * `'ignore'` where the declaration must only be read: what breaks a policy today can still be removed.
   */
  readonly policies?: 'ignore' | ((verdict: Verdict) => void);
  /** By which exceptions expire; decides nothing else. @default today's date in UTC */
  readonly day?: string;
  /** Told of exceptions that match nothing any more. @default nobody */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Writes `cdk.tf.json` and, beside it, `topology.json`: a function of environment and site alone.
 * @throws PlatformError with all problems of the declaration, or with all policies that it breaks; then neither is written
 */
export function synthesize(options: SynthOptions): Topology {
  const { environment, instance, site, outdir } = options;
  const here = site.deployments[deploymentName(environment.name, instance)];
  const deployment = new Deployment({
    environment: environment.name,
    instance,
    declaredCidr: environment.network.baseCidr,
    actualCidr: here?.baseCidr,
    actualPorts: here?.ports,
    publishOn: environment.network.publishOn,
    exceptions: environment.exceptions,
    engine: site.engine,
    owner: site.owner,
  });
  // Stack traces would put this machine's paths into the output, and cost a third of the time.
  const app = new App({ stackTraces: false, ...(outdir !== undefined && { outdir }) });
  const stack = new PlatformStack(app, deployment, environment, { logs: site.logs ?? 'elastic' });
  app.synth();
  const topology = stack.topology();
  const folder = join(app.outdir, 'stacks', deployment.name);
  judgeProgram(join(folder, 'cdk.tf.json'), topology, options);
  writeFileSync(join(folder, 'topology.json'), `${JSON.stringify(topology, null, 2)}\n`);
  return topology;
}

/** The text that Terraform will read: whatever overrides and aspects made of the constructs is in it. */
function judgeProgram(file: string, topology: Topology, { policies, day, onNote }: SynthOptions): void {
  if (policies === 'ignore') return;
  try {
    const all = discoverPolicies();
    const verdict = judge(subjectFromProgram(topology, JSON.parse(readFileSync(file, 'utf8'))), all, day ?? today());
    if (onNote) notesOf(verdict).forEach(onNote);
    if (policies) policies(verdict);
    else enforce(verdict, all);
  } catch (error) {
    // Nobody shall apply it by hand.
    rmSync(file, { force: true });
    throw error;
  }
}
