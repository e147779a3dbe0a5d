import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import { Deployment, deploymentName } from '../constructs/core/deployment.js';
import { today } from '../constructs/core/policy-exception.js';
import type { Topology } from '../constructs/core/topology.js';
import { writeJson, writeWhole } from '../constructs/core/whole-file.mjs';
import type { Workload } from '../constructs/runtime/workload.js';
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

/** What an environment comes to on one machine. */
export interface Synthesis {
  readonly topology: Topology;
  /** What runs, for any runtime. */
  readonly workload: Workload;
  /** What Terraform is given, parsed. */
  readonly program: Readonly<Record<string, unknown>>;
}

/**
 * Writes `cdk.tf.json` and, beside it, `topology.json`: a function of environment and site alone.
 * @throws PlatformError with all problems of the declaration, or with all policies that it breaks; then neither is written
 */
export function synthesize(options: SynthOptions): Topology {
  return synthesizeAll(options).topology;
}

/** The same, for who wants more of it. */
export function synthesizeAll(options: SynthOptions): Synthesis {
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
    engine: here?.engine ?? site.engine,
    owner: site.owner,
  });
  // Stack traces would put this machine's paths into the output, and cost a third of the time.
  const app = newApp(outdir);
  const stack = new PlatformStack(app, deployment, environment, { logs: site.logs ?? 'elastic' });
  app.synth();
  const topology = stack.topology();
  const folder = join(app.outdir, 'stacks', deployment.name);
  const file = join(folder, 'cdk.tf.json');
  samePathsEverywhere(join(app.outdir, 'manifest.json'));
  const program = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  judgeProgram(file, program, topology, options);
  writeJson(join(folder, 'topology.json'), topology);
  return { topology, program, workload: stack.workload() };
}

/** cdktf makes its folders unless they are there, which two runs at once see alike. */
function newApp(outdir = 'cdktf.out'): App {
  mkdirSync(join(outdir, 'stacks'), { recursive: true });
  return new App({ stackTraces: false, outdir });
}

/** cdktf writes paths as the system joins them; it reads either form on Windows. */
function samePathsEverywhere(manifest: string): void {
  // Nothing else in it has backslashes: names are ours.
  writeWhole(manifest, readFileSync(manifest, 'utf8').replaceAll('\\\\', '/'));
}

/** The text that Terraform will read: whatever overrides and aspects made of the constructs is in it. */
function judgeProgram(
  file: string,
  program: unknown,
  topology: Topology,
  { policies, day, onNote }: SynthOptions,
): void {
  if (policies === 'ignore') return;
  try {
    const all = discoverPolicies();
    const verdict = judge(subjectFromProgram(topology, program), all, day ?? today());
    if (onNote) notesOf(verdict).forEach(onNote);
    if (policies) policies(verdict);
    else enforce(verdict, all);
  } catch (error) {
    // Nobody shall apply it by hand.
    rmSync(file, { force: true });
    throw error;
  }
}
