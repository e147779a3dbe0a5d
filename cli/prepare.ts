import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { PlatformError } from '../constructs/core/platform-error.js';
import type { LogFlavour } from '../constructs/logging/log-stack.js';
import type { Topology } from '../constructs/core/topology.js';
import { readSite, type Site, siteFile, UNPREPARED_SITE } from '../environments/site.js';
import { synthesize } from '../stacks/synth.js';
import type { Context } from './context.js';
import type { Engine } from './machine/engine.js';
import { type Early, prepareMachine } from './machine/prepare.js';
import { requireLocked } from './lock/drift.js';
import { chooseSources, type ForcedSources, type Sources } from './machine/registries.mjs';
import { allocateInstance } from './preflight/instance.js';
import { changeSite } from './site.js';
import { Terraform } from './terraform.js';

/** What every command that prepares the machine takes. */
export interface PrepareOptions {
  readonly images?: ForcedSources['images'] | false;
  readonly provider?: ForcedSources['provider'];
  /** Whether an engine may be installed or started. */
  readonly install?: boolean;
  /** Refuse images that are not in the lock as they are. @default false */
  readonly frozen?: boolean;
  readonly verbose?: boolean;
  readonly early?: Early;
}

export interface Prepared {
  readonly engine: Engine;
  readonly terraform: Terraform;
  readonly site: Site;
  readonly sources: Sources;
}

/**
 * Makes the machine ready for a deployment and records what synth needs to know of it.
 * @param options `images: false` where none are needed
 */
export async function prepare(context: Context, options: PrepareOptions): Promise<Prepared> {
  const forced = { images: options.images === false ? undefined : options.images, provider: options.provider };
  const { sources, lines } = await chooseSources(forced);
  for (const line of lines) console.log(line);
  const known = existsSync(siteFile(context.project)) ? readSite(context.project) : undefined;
  const logs = chooseLogs(context, sources, known);
  const topology = synthesize({
    environment: context.environment,
    instance: context.instance,
    site: { ...(known ?? UNPREPARED_SITE), logs },
    // Without images nothing is started: a plan is judged later, and what breaks a policy can still be removed.
    ...(options.images === false && { policies: 'ignore' }),
  });
  if (options.frozen) requireLocked(topology);
  const machine = await prepareMachine({
    ...(options.images === false ? { folders: [] } : imagesOf(topology)),
    sources,
    allowInstall: options.install ?? true,
    confirm: process.stdin.isTTY ? ask : undefined,
    ...(options.early && { early: options.early }),
  });
  const site = await recordSite(context, { engine: machine.engine, logs, topology });
  const terraform = new Terraform(
    context,
    {
      binary: machine.terraform.binary,
      platform: machine.terraform.platform,
      provider: machine.provider,
      environment: machine.environment,
    },
    options.verbose ? console.log : () => undefined,
  );
  return { engine: machine.engine, terraform, site, sources };
}

function imagesOf(topology: Topology) {
  const images = topology.services.map(({ name, image }) => ({ ...image, declaredAt: `the service ${name}` }));
  return {
    folders: [
      ...new Set(['images/base', ...images.filter(({ kind }) => kind === 'directory').map(({ from }) => from)]),
    ],
    references: images
      .filter(({ kind }) => kind === 'registry')
      .map(({ reference, declaredAt }) => ({ reference, declaredAt })),
  };
}

/**
 * The log stack for environments that leave it to the machine. It stays while anything is deployed: another one would begin without the lines so far.
 * @throws PlatformError if the environment wants one that cannot be had here
 */
function chooseLogs({ project, environment }: Context, { images }: Sources, known: Site | undefined): LogFlavour {
  if (environment.logs.flavour === 'elastic' && images === 'build') {
    throw new PlatformError({
      what: 'logs.flavour needs official images, and no image registry answers',
      got: 'elastic',
      allowed: 'auto, debian or off on this machine',
      fix: "Use 'auto'. If a registry can be reached by now, run again with --images=auto.",
    });
  }
  if (known?.logs !== undefined && anythingDeployed(project)) return known.logs;
  return images === 'build' ? 'debian' : 'elastic';
}

interface Findings {
  readonly engine: Engine;
  readonly logs: LogFlavour;
  readonly topology: Topology;
}

/** Engine abilities stay as they were recorded while anything is deployed: an upgrade must not replace networks silently. */
async function recordSite(context: Context, { engine, logs, topology }: Findings): Promise<Site> {
  const { project, name, instance } = context;
  const abilities = { isolatedGateways: engine.isolatedGateways, startInterval: engine.startInterval };
  return changeSite(project, async (known) => {
    const site: Site = {
      owner: known?.owner ?? randomBytes(4).toString('hex'),
      engine: known && anythingDeployed(project) ? known.engine : abilities,
      logs,
      deployments: known?.deployments ?? {},
    };
    const allocated = instance === undefined ? undefined : await allocateInstance(context, engine, site, topology);
    return allocated ? { ...site, deployments: { ...site.deployments, [name]: allocated } } : site;
  });
}

function anythingDeployed(project: string): boolean {
  const folder = join(project, '.platform');
  return readdirSync(folder, { withFileTypes: true }).some(
    (entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'applied.json')),
  );
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
