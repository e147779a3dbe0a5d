import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { imageTag } from '../../constructs/core/content-hash.js';
import { readImageLock } from '../../constructs/core/image-lock.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { LogFlavour } from '../../constructs/logging/model.js';
import type { Topology } from '../../constructs/core/topology.js';
import { NOBODY, readSite, type Site, siteFile, UNPREPARED_SITE } from '../../environments/site.js';
import { type Context, deploymentPaths } from '../context.js';
import { checkEngine } from '../deployment/home-engine.js';
import { chooseLogs, type MachineLogs } from './logs-choice.js';
import { connectEngine, type Engine } from '../engine/engine.js';
import { engineReaches } from '../images/engine-registry.js';
import { findOrStartEngine } from '../engine/find-or-start.js';
import { declaredImages } from '../images/declared-images.js';
import { lockDrift, requireLocked } from '../lock/drift.js';
import { canInstallMmdebstrap } from '../engine/mmdebstrap.js';
import { findProgram } from '../bootstrap/programs.mjs';
import { chooseSources, registryProbes, type Sources } from '../bootstrap/registries.mjs';
import { allocateInstance } from '../preflight/instance.js';
import { readTerraformState } from '../terraform/state.js';
import { changeSite } from '../deployment/site.js';
import { declare } from '../synth/declare.js';
import { declaredTopology } from '../synth/declared-topology.js';
import { Terraform } from '../terraform/terraform.js';
import { confirm } from '../terminal/ask.js';
import { readyMachine } from './machine.js';
import type { PrepareOptions, Session } from '../session/session.js';

/**
 * Makes the machine ready for a deployment and records what synth needs to know of it.
 * @param options `images: false` where none are needed
 */
export async function prepare<Options extends PrepareOptions>(
  context: Context,
  options: Options,
): Promise<Session<Options>> {
  // Before images are built for it. One that does not run yet is looked at below.
  const running = await connectEngine().catch(() => undefined);
  if (running) checkEngine(context, running);
  const forced = { images: options.images === false ? undefined : options.images, provider: options.provider };
  const { sources, lines } = await chooseSources(forced, {
    ...registryProbes,
    canBuild: findProgram('mmdebstrap') !== undefined || canInstallMmdebstrap(),
    ...(running && { images: () => engineReaches(running) }),
  });
  for (const line of lines) console.log(line);
  const known = existsSync(siteFile(context.project.folder)) ? readSite(context.project.folder) : undefined;
  const { logs, line } = await logsHere(context, sources, known, running, options);
  if (line !== undefined) console.log(line);
  const { topology } = await declare(context.project, {
    environment: context.environment,
    instance: context.instance,
    site: { ...(known ?? UNPREPARED_SITE), logs },
    // Without images nothing is started: a plan is judged later, and what breaks a policy can still be removed.
    ...(options.images === false && { policies: 'ignore' }),
  });
  if (options.frozen) requireLocked(topology);
  const images = options.images === false ? { folders: [], references: [] } : imagesOf(topology);
  const machine = await readyMachine({
    ...images,
    sources,
    allowInstall: options.install ?? true,
    confirm: process.stdin.isTTY ? confirm : undefined,
    ...(options.early && { early: options.early }),
  });
  checkEngine(context, machine.engine);
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
  return {
    context,
    options,
    engine: machine.engine,
    terraform,
    site,
    sources,
    images: [...images.folders.map(imageTag), ...images.references.map(({ reference }) => reference)],
  };
}

/**
 * The engine alone, for what needs nothing else: neither images nor Terraform.
 * @throws PlatformError if none runs and none may be started, or if it is not the deployment's
 */
export async function prepareEngine(context: Context, { install = true }: PrepareOptions): Promise<Engine> {
  const engine = await findOrStartEngine({ allowInstall: install, confirm: process.stdin.isTTY ? confirm : undefined });
  checkEngine(context, engine);
  return engine;
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
async function logsHere(
  { project, environment, instance }: Context,
  { images }: Sources,
  known: Site | undefined,
  engine: Engine | undefined,
  { images: wanted, frozen = false }: PrepareOptions,
): Promise<{ readonly logs: MachineLogs; readonly line?: string }> {
  const needed = wanted !== false;
  if (needed && environment.logs.flavour === 'elastic' && images === 'build') {
    throw new PlatformError({
      what: 'logs.flavour needs official images, and no image registry answers',
      got: 'elastic',
      allowed: 'auto, debian or off on this machine',
      fix: "Use 'auto'. If a registry can be reached by now, run again with --images=auto.",
    });
  }
  const isOpen = environment.logs.flavour === 'auto' && !anythingDeployed(project.folder);
  if (known?.logs !== undefined && !isOpen) return { logs: known.logs };
  const declared = (logs: LogFlavour) => declaredTopology(project, environment, { instance, logs, policies: 'ignore' });
  const both = { elastic: await declared('elastic'), debian: await declared('debian') };
  const isUnlocked = frozen && lockDrift(declaredImages([both.elastic]), readImageLock()).length > 0;
  const refusal = images === 'build' ? 'needs an image registry' : isUnlocked ? 'is not locked' : undefined;
  const choice = chooseLogs(refusal, engine?.memoryBytes ?? memoryToBe(), both);
  const isNews = environment.logs.flavour === 'auto' && choice.logs !== known?.logs;
  return { logs: choice.logs, ...(isNews && { line: choice.line }) };
}

/** Of an engine that is not there yet: on Linux it has all of the machine's, elsewhere a virtual machine with half of it. */
function memoryToBe(): number {
  return process.platform === 'linux' ? totalmem() : totalmem() / 2;
}

interface Findings {
  readonly engine: Engine;
  readonly logs: MachineLogs;
  readonly topology: Topology;
}

/** Engine abilities stay as they were recorded while anything is deployed: an upgrade must not replace networks silently. */
async function recordSite(context: Context, { engine, logs, topology }: Findings): Promise<Site> {
  const { project, name, instance } = context;
  const abilities = { isolatedGateways: engine.isolatedGateways, startInterval: engine.startInterval };
  return changeSite(project.folder, async (known) => {
    const isOwned = known !== undefined && known.owner !== NOBODY;
    const site: Site = {
      ...known,
      owner: isOwned ? known.owner : randomBytes(4).toString('hex'),
      engine: known && anythingDeployed(project.folder) ? known.engine : abilities,
      logs,
      deployments: known?.deployments ?? {},
    };
    const allocated = instance === undefined ? undefined : await allocateInstance(context, engine, site, topology);
    if (!allocated) return site;
    const kept = isDeployed(context.paths.state) ? (site.deployments[name]?.engine ?? site.engine) : abilities;
    return { ...site, deployments: { ...site.deployments, [name]: { ...allocated, engine: kept } } };
  });
}

/** By the states: an apply that was interrupted has left something too. */
function anythingDeployed(checkout: string): boolean {
  const folder = join(checkout, '.platform');
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { withFileTypes: true }).some(
    (entry) => entry.isDirectory() && isDeployed(deploymentPaths(checkout, entry.name).state),
  );
}

function isDeployed(state: string): boolean {
  try {
    return (readTerraformState(state)?.resources.length ?? 0) > 0;
  } catch {
    // What cannot be read may list something; its own deployment's commands say what is wrong with it.
    return true;
  }
}
