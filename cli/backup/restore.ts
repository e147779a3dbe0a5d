import type Docker from 'dockerode';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { Duration } from '../../constructs/core/units.js';
import type { Context } from '../context.js';
import { stopAll } from '../rollout/stop-all.js';
import { redisServices } from '../status/addresses.js';
import { waitUntilReady } from '../status/ready.js';
import { runSteps } from '../terminal/steps.js';
import { careFor, throwIfInterrupted } from '../bootstrap/interruption.mjs';
import { snapshotOf } from './archive.js';
import { checkStaged, dataVolumes, type DataVolume, stage, swapIn, unstage } from './data-volume.js';
import type { Manifest } from './manifest.js';
import { lookAtMaster } from './running.js';

/** Loading 1 GiB takes 10 s, and each replica loads it too. */
const SERVING_WITHIN = Duration.seconds(300);

/** What is restored, and where to. */
export interface Restoration {
  readonly context: Context;
  readonly docker: Docker;
  readonly topology: Topology;
  /** The checkout's. */
  readonly owner: string;
  /** A backup that was checked. */
  readonly file: string;
  readonly manifest: Manifest;
  /** Short name of the master, which stops last; empty where none answers. */
  readonly master: string;
  /** Whether the nodes read their append-only file. */
  readonly appendOnly: boolean;
  /** Show no steps. */
  readonly silent: boolean;
}

/**
 * Puts a backup in the place of all data. Every node gets the same, so that it does not matter which one the Sentinels remember as
 * master, nor at which node an interruption came: the platform starts with all of the old data, or all of the restored.
 * @returns how many keys there are
 * @throws PlatformError if Redis cannot read the backup: nothing was touched; or if the platform does not come back with it
 */
export async function restore(restoration: Restoration): Promise<number> {
  const { context, docker, topology, owner, file, master, appendOnly, silent } = restoration;
  const nodes = redisServices(topology)?.nodes;
  if (nodes === undefined) throw new Error('the topology has no Redis');
  const volumes = await dataVolumes(docker, topology, nodes, owner);
  let keys = 0;
  const copy = async (say: (text: string) => void) => {
    const copying = stageAll(restoration, volumes, say);
    // What it has copied is removed before the command ends; an interruption reaches it by the container that it is using.
    careFor({ what: 'the restore', interrupt: nothing, kill: nothing, ended: copying.catch(nothing) });
    keys = await copying;
  };
  await runSteps({ silent }, [
    { title: `Copy the backup to ${volumes.length} nodes`, run: copy },
    {
      title: 'Stop everything, the proxy first and the Sentinels last',
      run: (say) => stopAll(docker, topology, master, say),
    },
    {
      title: 'Put the backup in the place of the data',
      run: () => replaceAll(docker, topology, volumes, appendOnly),
    },
    { title: 'Start everything', run: () => startAll(docker, topology) },
    {
      title: 'Wait until clients are served',
      run: (say) =>
        waitUntilReady(context, docker, topology, { readyFor: 'clients', within: SERVING_WITHIN, onProgress: say }),
    },
  ]);
  const after = await lookAtMaster(context, topology);
  if (after?.loaded !== keys) throw differs(file, keys, after?.loaded);
  return after.keys;
}

/**
 * Copies the snapshot to all volumes, beside the data, or to none.
 * @returns how many keys it has
 */
async function stageAll(
  { docker, file, manifest }: Restoration,
  volumes: readonly DataVolume[],
  say: (text: string) => void,
): Promise<number> {
  let keys = 0;
  try {
    for (const volume of volumes) {
      throwIfInterrupted();
      say(volume.node);
      await stage(docker, volume, snapshotOf(file), manifest.rdb.bytes);
      throwIfInterrupted();
      if (volume === volumes[0]) keys = await readable(docker, volume, file);
    }
    return keys;
  } catch (error) {
    await Promise.all(volumes.map((volume) => unstage(docker, volume)));
    throwIfInterrupted();
    throw error;
  }
}

function nothing(): void {
  // There is nothing to do.
}

async function readable(docker: Docker, volume: DataVolume, file: string): Promise<number> {
  const checked = await checkStaged(docker, volume);
  if ('keys' in checked) return checked.keys;
  throw new PlatformError({
    what: `the Redis of ${volume.deployment} cannot read the snapshot in ${file}`,
    got: checked.problem,
    allowed: 'a snapshot of the same Redis version or an older one',
    fix: 'Restore it into a deployment whose Redis is as new, or choose another backup. Nothing was touched.',
  });
}

async function replaceAll(
  docker: Docker,
  topology: Topology,
  volumes: readonly DataVolume[],
  appendOnly: boolean,
): Promise<void> {
  const now = new Date();
  const results = await Promise.allSettled(volumes.map((volume) => swapIn(docker, volume, appendOnly, now)));
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  if (failed.length === 0) return;
  // Better old data than none.
  await startAll(docker, topology);
  throw new PlatformError({
    what: `the backup could not be put in place on ${failed.length} of ${volumes.length} nodes`,
    got: failed.join('; '),
    allowed: 'volumes that can be written to',
    fix: 'Look at the room on their disk and run the restore again. The platform was started; it has either its old data or the restored.',
  });
}

/** All that the topology declares, the Sentinels first: a node asks them how to start. */
async function startAll(docker: Docker, topology: Topology): Promise<void> {
  const redis = redisServices(topology);
  const first = redis ? [redis.sentinels, redis.nodes] : [];
  const groups = [
    ...first.map((service) => [service]),
    topology.services.filter((service) => !first.includes(service)),
  ];
  for (const group of groups) {
    const containers = group.flatMap(({ instances }) => instances.map(({ container }) => container));
    await Promise.all(containers.map((container) => start(docker, container)));
  }
}

async function start(docker: Docker, container: string): Promise<void> {
  try {
    await docker.getContainer(container).start();
  } catch (error) {
    // Runs already.
    if ((error as { statusCode?: number }).statusCode !== 304) throw error;
  }
}

function differs(file: string, expected: number, got: number | undefined): PlatformError {
  return new PlatformError({
    what: `the master did not start with the snapshot in ${file}`,
    got: got === undefined ? 'no answer' : `${got} keys loaded`,
    allowed: `${expected} keys`,
    fix: 'Another node became master while it started. Run the restore again.',
  });
}
