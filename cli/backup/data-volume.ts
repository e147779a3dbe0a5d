import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import { careFor } from '../bootstrap/interruption.mjs';
import { demultiplex } from '../status/logs.js';

/** Where every node has its data. */
const DATA = '/data';
/**
 * Below it: what is put there is nothing to Redis, and `redis-node` counts no file as data whose name begins so
 * (images/redis/owndata.go).
 */
const STAGED_FOLDER = 'temp-restore';
const STAGED = `${STAGED_FOLDER}/temp-dump.rdb`;

/** How long the engine may take to remove a container. */
const GONE_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/** Whose data it is, and what runs on it. */
export interface DataVolume {
  /** Short name of the node. */
  readonly node: string;
  readonly volume: string;
  /** Of the node: has a shell and Redis' tools. */
  readonly image: string;
  readonly user: number;
  readonly deployment: string;
  /** The checkout's, so that what a killed command leaves is found by the next one. */
  readonly owner: string;
}

/**
 * @returns one for each Redis node
 * @throws if a node's container does not exist
 */
export async function dataVolumes(
  docker: Docker,
  { deployment }: Topology,
  nodes: TopologyService,
  owner: string,
): Promise<DataVolume[]> {
  return Promise.all(
    nodes.instances.map(async ({ name, container, volumes }) => {
      const volume = volumes.find(({ path, readOnly }) => path === DATA && !readOnly)?.name;
      if (volume === undefined) throw new Error(`${name} has no volume at ${DATA}`);
      const { Image: image } = await docker.getContainer(container).inspect();
      return { node: name, volume, image, user: nodes.user, deployment, owner };
    }),
  );
}

/** Copies a snapshot into a volume, beside the data; a node that runs on it does not notice. */
export async function stage(
  docker: Docker,
  volume: DataVolume,
  rdb: AsyncIterable<Buffer>,
  bytes: number,
): Promise<void> {
  await withHelper(docker, volume, '', async (helper) => {
    const tar = pack();
    const owner = { uid: volume.user, gid: volume.user };
    tar.entry({ name: STAGED_FOLDER, type: 'directory', mode: 0o700, ...owner });
    const entry = tar.entry({ name: STAGED, size: bytes, mode: 0o600, ...owner });
    const filled = pipeline(rdb, entry).then(() => {
      tar.finalize();
    });
    try {
      await Promise.all([helper.putArchive(Readable.from(tar), { path: DATA }), filled]);
    } finally {
      tar.destroy();
    }
  });
}

/**
 * Lets Redis' own checker read the staged snapshot, in the version that will load it.
 * @returns how many keys it read, or what it complained of
 */
export async function checkStaged(docker: Docker, volume: DataVolume): Promise<{ keys: number } | { problem: string }> {
  const { ok, printed } = await run(docker, volume, `redis-check-rdb ${DATA}/${STAGED}`);
  const keys = /^\[info\] (\d+) keys read/m.exec(printed)?.[1];
  if (ok && keys !== undefined) return { keys: Number(keys) };
  const lines = printed.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('[info]'));
  return { problem: lines.slice(-3).join(' ') };
}

/**
 * Makes the staged snapshot the node's data. The node must not run. At any moment, what is there is either all old or all new: one
 * rename decides.
 * @param appendOnly whether the node reads its append-only file, which then wins over a snapshot
 */
export async function swapIn(docker: Docker, volume: DataVolume, appendOnly: boolean, now: Date): Promise<void> {
  const { ok, printed } = await run(docker, volume, appendOnly ? swapAppendOnly(now) : SWAP_SNAPSHOT);
  if (!ok) throw new Error(`${volume.node}: ${printed.trim()}`);
}

/** Removes what was staged and not put in place. */
export async function unstage(docker: Docker, volume: DataVolume): Promise<void> {
  const { ok, printed } = await run(docker, volume, `rm -rf ${DATA}/${STAGED_FOLDER}`);
  if (!ok) throw new Error(`${volume.node}: ${printed.trim()}`);
}

/**
 * The append-only file is a manifest and what it lists; its base may be a snapshot (Redis 7 and newer). Numbers that no earlier file has
 * keep leftovers from being written on.
 */
function swapAppendOnly(now: Date): string {
  const number = Math.floor(now.getTime() / 1000);
  const [base, tail] = [`appendonly.aof.${number}.base.rdb`, `appendonly.aof.${number}.incr.aof`];
  return [
    `set -e; cd ${DATA}; mkdir -p appendonlydir`,
    `mv ${STAGED} appendonlydir/${base}`,
    `: > appendonlydir/${tail}`,
    `printf 'file ${base} seq ${number} type b\\nfile ${tail} seq ${number} type i\\n' > appendonlydir/temp-restored.manifest`,
    'sync',
    'mv -f appendonlydir/temp-restored.manifest appendonlydir/appendonly.aof.manifest',
    'sync',
    `cd appendonlydir; for old in *; do case "$old" in ${base}|${tail}|appendonly.aof.manifest) ;; *) rm -f -- "$old" ;; esac; done`,
    `cd ..; rm -rf dump.rdb ${STAGED_FOLDER}`,
  ].join('\n');
}

const SWAP_SNAPSHOT = [
  `set -e; cd ${DATA}; sync`,
  `mv -f ${STAGED} dump.rdb`,
  'sync',
  `rm -rf appendonlydir ${STAGED_FOLDER}`,
].join('\n');

async function run(docker: Docker, volume: DataVolume, script: string): Promise<{ ok: boolean; printed: string }> {
  return withHelper(docker, volume, script, async (helper) => {
    await helper.start();
    const { StatusCode } = (await helper.wait()) as { StatusCode: number };
    return { ok: StatusCode === 0, printed: demultiplex(await helper.logs({ stdout: true, stderr: true })) };
  });
}

/** A container on the volume, without network, rights or a writable root; removed whatever happens. */
async function withHelper<T>(
  docker: Docker,
  { node, volume, image, user, deployment, owner }: DataVolume,
  script: string,
  use: (helper: Docker.Container) => Promise<T>,
): Promise<T> {
  const name = `rp-${deployment}-${node}-restore`;
  const remove = async (helper: Docker.Container) => {
    for (const deadline = Date.now() + GONE_WITHIN_MS; ;) {
      try {
        await helper.remove({ force: true, v: true });
        return;
      } catch (error) {
        const { statusCode } = error as { statusCode?: number };
        if (statusCode === 404) return;
        // Going already; until it is gone, its name is taken.
        if (statusCode !== 409 || Date.now() > deadline) throw error;
        await pause(LOOK_EVERY_MS);
      }
    }
  };
  // Of a restore that was killed.
  await remove(docker.getContainer(name));
  let made: Docker.Container | undefined;
  const work = async () => {
    const helper = await docker.createContainer({
      name,
      Image: image,
      Entrypoint: ['sh', '-c'],
      Cmd: [script],
      User: `${user}:${user}`,
      Labels: {
        'redis-platform.deployment': deployment,
        'redis-platform.owner': owner,
        'redis-platform.role': 'restore',
      },
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        Binds: [`${volume}:${DATA}`],
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
      },
    });
    made = helper;
    try {
      return await use(helper);
    } finally {
      await remove(helper);
    }
  };
  const working = work();
  // By itself, never by its name: the next helper, which cleans up, has the same.
  const stop = () => {
    void made?.remove({ force: true, v: true }).catch(() => undefined);
  };
  careFor({ what: `the copy for ${node}`, interrupt: stop, kill: stop, ended: working.catch(() => undefined) });
  return working;
}
