import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnnotationMetadataEntryType, App, type Manifest } from 'cdktf';
import { invokeAspects } from 'cdktf/lib/synthesize/synthesizer.js';
import { Deployment, deploymentName } from '../../constructs/core/deployment.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { today } from '../../constructs/core/policy-exception.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { PlatformBase } from '../../constructs/platform-base.js';
import type { Workload } from '../../constructs/runtime/workload.js';
import type { Environment } from '../../environments/schema.js';
import type { Site } from '../../environments/site.js';
import { enforce, judge, notesOf, type Verdict } from '../../policies/judge/judge.js';
import type { NamedPolicy } from '../../policies/judge/policy.js';
import { subjectFromProgram } from '../../policies/judge/resources.js';
import type { Project, StackClass } from '../project.js';

export interface DeclareOptions {
  readonly environment: Environment;
  readonly instance?: string | undefined;
  readonly site: Site;
  /**
   * What to do with what policies say. @default throw if anything breaks one
   * `'report'` leaves it to who reads the verdict; `'ignore'` where the declaration must only be read: what breaks a policy today can still be
   * removed.
   */
  readonly policies?: 'report' | 'ignore';
  /** By which exceptions expire; decides nothing else. @default today's date in UTC */
  readonly day?: string;
  /** Told of exceptions that match nothing any more. @default nobody */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What an environment comes to on one machine: data, of which nothing is written yet. */
export interface Declaration {
  /** Environment and instance: `dev`, `dev_alice`. */
  readonly name: string;
  /** What Terraform is given. */
  readonly program: Readonly<Record<string, unknown>>;
  readonly topology: Topology;
  /** What runs, for any runtime. */
  readonly workload: Workload;
  /** What policies say of the program; nothing where they are ignored. */
  readonly verdict: Verdict;
  /** What cdktf's own commands read beside the program. */
  readonly manifest: ReturnType<Manifest['buildManifest']>;
}

/** What a project loads late. */
export interface Loaded {
  readonly stack: StackClass;
  readonly policies: readonly NamedPolicy[];
}

/**
 * Of one project, a function of environment and site alone.
 * @throws PlatformError with all problems of the declaration, or with all policies that it breaks
 */
export async function declare(project: Project, options: DeclareOptions): Promise<Declaration> {
  const policies = options.policies === 'ignore' ? [] : await project.policies();
  return synthesize({ stack: await project.stack(), policies }, options);
}

/** The same with what is loaded. */
export function synthesize(loaded: Loaded, options: DeclareOptions): Declaration {
  const app = newApp();
  const stack = makeStack(app, loaded.stack, options);
  const { program, manifest } = renderProgram(app, stack);
  const topology = plain(stack.topology());
  const verdict = judgeProgram(program, topology, loaded.policies, options);
  return { name: stack.deployment.name, program, topology, workload: stack.workload(), verdict, manifest };
}

/** The tree of constructs, in an app. */
export function makeStack(
  app: App,
  Stack: StackClass,
  { environment, instance, site }: Pick<DeclareOptions, 'environment' | 'instance' | 'site'>,
): PlatformBase {
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
  return new Stack(app, deployment, environment, { logs: site.logs ?? 'elastic' });
}

/**
 * What cdktf's `App.synth` does, without its files.
 * @throws PlatformError with all problems of the tree of constructs
 */
function renderProgram(app: App, stack: PlatformBase): Pick<Declaration, 'program' | 'manifest'> {
  stack.prepareStack();
  invokeAspects(stack);
  stack.runAllValidations();
  const annotations = stack.node.findAll().flatMap(({ node }) =>
    node.metadata.flatMap(({ type, data, trace }) => {
      const level = LEVELS.find((one) => (one as string) === type);
      if (level === undefined) return [];
      return [{ constructPath: node.path, level, message: String(data), ...(trace && { stacktrace: trace }) }];
    }),
  );
  const errors = annotations.filter(({ level }) => level === AnnotationMetadataEntryType.ERROR);
  if (errors.length > 0) {
    throw PlatformError.all(
      errors.map(({ constructPath: path, message }) => ({
        what: `the construct ${path} calls this an error: ${message}`,
        fix: 'Correct it there, or leave the construct out.',
      })),
    );
  }
  const manifest = { ...app.manifest.forStack(stack), annotations };
  return {
    program: plain(stack.toTerraform() as Readonly<Record<string, unknown>>),
    manifest: { ...app.manifest.buildManifest(), stacks: { [manifest.name]: manifest } },
  };
}

/** As who reads it from a file gets it: what is undefined is not there. */
function plain<T>(data: T): T {
  return JSON.parse(JSON.stringify(data)) as T;
}

const LEVELS = Object.values(AnnotationMetadataEntryType);

/** cdktf makes its folders in any case, also where nothing is written into them. */
function newApp(): App {
  const outdir = mkdtempSync(join(tmpdir(), 'redis-platform-'));
  try {
    // Stack traces would put this machine's paths into the output, and cost a third of the time.
    return new App({ stackTraces: false, outdir });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What Terraform will read: whatever overrides and aspects made of the constructs is in it. */
function judgeProgram(
  program: unknown,
  topology: Topology,
  all: readonly NamedPolicy[],
  { policies, day, onNote }: DeclareOptions,
): Verdict {
  if (policies === 'ignore') return { violations: [], exceptions: [] };
  const verdict = judge(subjectFromProgram(topology, program), all, day ?? today());
  if (onNote) notesOf(verdict).forEach(onNote);
  if (policies !== 'report') enforce(verdict, all);
  return verdict;
}
