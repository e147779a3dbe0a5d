import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { seederImage } from '../../constructs/runtime/describe-workload.js';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { processEnv } from '../../environments/process-env.js';
import { readSite, siteFile, type Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import { writeDeployment } from './declare.js';
import { withDeployment } from '../deployment/lock.js';
import { checkEngine, recordEngine } from '../deployment/home-engine.js';
import { connectEngine, type Engine, engineEnvironment } from '../engine/engine.js';
import { type EngineAddress, findEngineAddress } from '../engine/address.js';
import { EngineError } from '../engine/error.js';
import { isPresent } from '../images/image-builder.js';
import { findBuiltProvider } from '../bootstrap/provider.mjs';
import { rememberedSources } from '../bootstrap/registries.mjs';
import { findTerraform } from '../bootstrap/terraform.mjs';
import { findLeftovers } from '../preflight/leftovers.js';
import { recordSecrets } from '../deployment/secrets-in-use.js';
import { holdBack, nameEngine } from '../terraform/stack-folder.js';
import { copyState } from '../terraform/state-copy.js';
import { Terraform } from '../terraform/terraform.js';
import { registerVolumes } from '../deployment/volumes.js';

/**
 * `npx cdktf synth`, `diff`, `deploy` and `destroy` run this and then, all but the first, Terraform, with nothing of ours between: so all that
 * `npm start` does around Terraform is done here as far as it can be, whichever of the four it is. What would make a deployment fail half-way
 * does not fail here, as it is no matter for `synth` and `destroy`: it holds Terraform back.
 * @param outdir where cdktf wants the program
 * @throws PlatformError if the declaration is wrong, another command is at work, or Terraform would work on another engine
 */
export async function synthesizeForCdktf(context: Context, outdir: string, onNote: (note: string) => void) {
  const output = resolve(outdir);
  const here = { ...context, paths: { ...context.paths, output, stack: join(output, 'stacks', context.name) } };
  const address = await findEngineAddress();
  checkContext(address);
  await withDeployment(here, 'npx cdktf', { wait: false }, () => synthesizeHere(here, address, onNote));
}

async function synthesizeHere(context: Context, address: EngineAddress, onNote: (note: string) => void): Promise<void> {
  const { paths, project } = context;
  const engine = await findEngine(address);
  if (engine) checkEngine(context, engine);
  // What the last deploy made is not forgotten with its state, nor a state that is cut off.
  registerVolumes(paths);
  copyState(paths.state);
  const site = readSite(project.folder);
  const topology = await writeDeployment(context, site, onNote);
  recordSecrets(topology, paths);
  if (engine) recordEngine(context, engine);
  const environment = engineEnvironment(address);
  nameEngine(paths.stack, environment);
  await offerBuiltProvider(context, environment);
  holdBack(paths.stack, await obstacles(context, site, topology, engine));
}

/** Without one there is nothing to look at, and Terraform says so itself. */
async function findEngine(address: EngineAddress): Promise<Engine | undefined> {
  try {
    return await connectEngine(address);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/**
 * cdktf removes the folders of all stacks but the one that it works on, and with them what `prepare-machine` has put there.
 */
async function offerBuiltProvider(context: Context, environment: Readonly<Record<string, string>>): Promise<void> {
  if (rememberedSources().provider !== 'build') return;
  const terraform = await findTerraform();
  const provider = findBuiltProvider(terraform.platform);
  if (provider) await new Terraform(context, { ...terraform, provider, environment }, () => undefined).init();
}

/** What lets a deployment fail half-way, or meet another one. */
async function obstacles(
  { project, name, instance, ...context }: Context,
  site: Site,
  topology: Topology,
  engine: Engine | undefined,
): Promise<Problem[]> {
  if (!existsSync(siteFile(project.folder)) || (instance !== undefined && site.deployments[name] === undefined)) {
    return [
      {
        what: `this machine is not prepared for ${name}`,
        got: 'no addresses, ports and images of its own',
        fix: 'Run `npm run prepare-machine`, then this command again.',
      },
    ];
  }
  if (!engine) return [];
  const wanted = new Set([...topology.services.map(({ image }) => image.reference), seederImage().reference]);
  const found = await Promise.all(
    [...wanted].map(async (image) => ((await isPresent(engine, image)) ? undefined : image)),
  );
  const missing = found.filter((image) => image !== undefined);
  const leftovers = await findLeftovers({ project, name, instance, ...context }, engine);
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            what: `the engine lacks ${missing.length} of the images of ${name}`,
            got: missing.sort().join(', '),
            fix: 'Run `npm run prepare-machine`, then this command again.',
          },
        ]),
    ...(leftovers.length === 0
      ? []
      : [
          {
            what: `an interrupted run left what Terraform does not know of, and would fail to make again`,
            got: leftovers.map((resource) => resource.name).join(', '),
            fix: 'Run `npm start`, which goes on from there, or `npm run down`; data stays.',
          },
        ]),
  ];
}

/**
 * The provider reads DOCKER_CONTEXT itself, before any address that it is given, and otherwise than Docker: it prefers it to DOCKER_HOST,
 * knows no `default` and looks only into the user's own folder. Our own commands take it out of Terraform's environment.
 * @throws PlatformError if that may be another engine than the one that Docker talks to
 */
export function checkContext({ host }: Pick<EngineAddress, 'host'>, env = processEnv): void {
  const context = env['DOCKER_CONTEXT'] || undefined;
  if (context === undefined) return;
  const alone = !env['DOCKER_HOST'] && !env['DOCKER_CONFIG'] && context !== 'default';
  if (alone) return;
  const set = ['DOCKER_CONTEXT', 'DOCKER_HOST', 'DOCKER_CONFIG'].filter((name) => env[name]);
  throw new PlatformError({
    what: 'with `npx cdktf`, Terraform would not work on the engine that Docker talks to',
    got: set.map((name) => `${name}=${env[name] ?? ''}`).join(', '),
    allowed: 'DOCKER_HOST, or the current context (`docker context use`)',
    fix: `Remove DOCKER_CONTEXT from the environment, and set DOCKER_HOST=${host}; or use \`npm start\`, which takes either.`,
  });
}
