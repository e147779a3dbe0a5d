import { resolve } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { readSite } from '../../environments/site.js';
import { checkArchive } from '../backup/archive.js';
import { createBackup, defaultFile } from '../backup/create.js';
import type { Manifest } from '../backup/manifest.js';
import { restore } from '../backup/restore.js';
import { lookAtMaster, type Running } from '../backup/running.js';
import type { Context } from '../context.js';
import { checkEngine } from '../deployment/home-engine.js';
import { connectEngine } from '../engine/engine.js';
import { redisServices } from '../status/addresses.js';
import { gatherStatus } from '../status/gather.js';
import { readTopology } from '../status/topology.js';
import { ask } from '../terminal/ask.js';
import { notDeployed, shown } from './backup.js';

export interface RestoreOptions {
  /** A backup. */
  readonly from: string;
  /** Do not ask before data is replaced. @default false */
  readonly yes?: boolean;
  /** Machine-readable, and nothing else on stdout; nothing is asked. @default false */
  readonly json?: boolean | undefined;
}

/**
 * `npm run restore`: puts a backup in the place of all data of a deployment that was started.
 * @returns 0, or 1 if somebody said no
 */
export async function restoreCommand(
  context: Context,
  { from, yes = false, json = false }: RestoreOptions,
): Promise<number> {
  const file = resolve(from);
  const manifest = await checkArchive(file);
  const topology = await readTopology(context);
  if (!topology) throw notDeployed(context);
  const engine = await connectEngine();
  checkEngine(context, engine);
  const { containers, redis } = await gatherStatus(context, engine.docker, topology);
  const services = redisServices(topology);
  const nodes = services?.nodes.instances.map(({ name }) => name) ?? [];
  const made = containers.filter(({ name, state }) => nodes.includes(name) && state !== 'missing');
  if (made.length < nodes.length) throw notDeployed(context);
  const running = await lookAtMaster(context, topology);
  checkMemory(manifest, running, file);
  if (running?.keys !== 0 && !(await agreed(context, running, manifest, { yes, json }))) {
    console.log('Nothing was restored.');
    return 1;
  }
  const kept = running !== undefined && running.keys > 0 ? await keepOld(context, topology, json) : null;
  const keys = await restore({
    context,
    docker: engine.docker,
    topology,
    owner: readSite(context.project.folder).owner,
    file,
    manifest,
    master: redis?.master ?? '',
    appendOnly: running?.appendOnly ?? services?.model.nodes.appendOnly !== null,
    silent: json,
  });
  if (json) process.stdout.write(`${JSON.stringify({ file, kept, keys, manifest }, null, 2)}\n`);
  else
    console.log(`${context.name} has the ${keys} keys of ${manifest.deployment}, as they were at ${manifest.takenAt}.`);
  return 0;
}

/** Before it is replaced. */
async function keepOld(context: Context, topology: Topology, silent: boolean): Promise<string> {
  const file = defaultFile(context, new Date(), '-before-restore');
  const work = (say: (text: string) => void) => createBackup(context, topology, { file, force: false }, say);
  await shown({ silent }, 'Back up what is there', work);
  if (!silent) console.log(`What was there is in ${file}`);
  return file;
}

/** A smaller limit would evict what was restored, or refuse writes from the first moment on. */
function checkMemory({ memory }: Manifest, running: Running | undefined, file: string): void {
  const limit = running?.maxMemory ?? 0;
  // What was used counts some overhead too: where the limit is no smaller than it was, it fits in any case.
  const fits = limit === 0 || (memory.max !== 0 && limit >= memory.max) || limit >= memory.used;
  if (fits) return;
  throw new PlatformError({
    what: `redis.maxMemory is too small for ${file}`,
    got: `${limit} bytes`,
    allowed: `from ${memory.max === 0 ? memory.used : Math.min(memory.used, memory.max)} bytes, which the backed up node used`,
    fix: 'Raise redis.maxMemory of the environment, run `npm start`, then restore again. Nothing was touched.',
  });
}

async function agreed(
  { name }: Context,
  running: Running | undefined,
  { deployment, takenAt, keys }: Manifest,
  { yes, json }: { yes: boolean; json: boolean },
): Promise<boolean> {
  if (yes) return true;
  const there = running === undefined ? 'data of which no master says how much it is' : `${running.keys} keys`;
  if (json || !process.stdin.isTTY) {
    throw new PlatformError({
      what: `${name} holds data, which a restore replaces, and ${json ? '--json asks nothing' : 'there is no terminal to ask on'}`,
      got: there,
      allowed: 'an empty deployment, yes on a terminal, or the option --yes',
      fix: 'Restore into another one with --instance NAME, or add --yes. Nothing was touched.',
    });
  }
  console.log(
    `This replaces ${there} of ${name} with ${keys} keys of ${deployment} from ${takenAt}. Clients are not served meanwhile.`,
  );
  return (await ask(`Type the name ${name} to go on: `)) === name;
}
