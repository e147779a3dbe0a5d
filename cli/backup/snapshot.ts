import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { explainConnection, type RedisTarget, withRedis } from '../status/redis-connection.js';
import { parseInfo } from '../status/replication.js';
import type { Manifest } from './manifest.js';
import { ReplicationLink } from './replication-link.js';

/** A failover takes 3 s; a lone replica that has to load its data and to sync anew takes as long as that takes. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1500;
/** A replica that is further behind than this does not catch up by waiting. */
const CAUGHT_UP_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** Where to ask. */
export interface Sources {
  readonly master: RedisTarget;
  /** Undefined where the platform declares no replicas: then the master forks. */
  readonly replicas: RedisTarget | undefined;
}

/** What was written to the file, and how far it goes. */
export type Snapshot = Pick<Manifest, 'redisVersion' | 'from' | 'mark' | 'keys' | 'memory' | 'rdb'>;

/**
 * Writes a snapshot of all data to a file, which is replaced. A failover, or a replica that loses its master meanwhile, is tried again.
 * @param signal ends it early
 * @throws PlatformError if no node gives one
 */
export async function takeSnapshot(
  sources: Sources,
  file: string,
  say: (text: string) => void,
  signal: AbortSignal,
  { pauseMs = PAUSE_MS, patienceMs = PATIENCE_MS }: { pauseMs?: number; patienceMs?: number } = {},
): Promise<Snapshot> {
  for (const deadline = Date.now() + patienceMs; ;) {
    try {
      return await tryOnce(sources, file, say, signal);
    } catch (error) {
      // What the file's place has to say will not change.
      signal.throwIfAborted();
      if (error instanceof PlatformError || isAboutFile(error)) throw error;
      if (Date.now() >= deadline) throw noSnapshot(sources, error);
      say(`once more, as ${error instanceof Error ? error.message : String(error)}`);
      await pause(pauseMs, undefined, { signal });
    }
  }
}

async function tryOnce(
  { master, replicas }: Sources,
  file: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Snapshot> {
  const asked = await offsetOf(master);
  const link = await ReplicationLink.open(replicas ?? master);
  try {
    const node = await caughtUp(link, asked, say);
    const { replication, offset, bytes } = await link.snapshot();
    if (replication !== asked.replication || offset < asked.offset)
      throw new Error('another node became master meanwhile');
    const rdb = await write(bytes, file, say, signal);
    return {
      redisVersion: node.get('redis_version') ?? 'unknown',
      from: replicas === undefined ? 'master' : 'replica',
      mark: { replication, asked: asked.offset, taken: offset },
      keys: countKeys(node),
      memory: { max: Number(node.get('maxmemory') ?? 0), used: dataMemory(node) },
      rdb,
    };
  } finally {
    link.close();
  }
}

async function offsetOf(master: RedisTarget): Promise<{ replication: string; offset: number }> {
  const info = parseInfo(await withRedis(master, (redis) => redis.info('replication')));
  if (info.get('role') !== 'master') throw new Error('the master port leads to a replica');
  return { replication: info.get('master_replid') ?? '', offset: Number(info.get('master_repl_offset') ?? 0) };
}

/**
 * Asks the node on the very connection that will give the snapshot: the proxy may lead another one elsewhere.
 * @returns what INFO says once the node has all that the master had
 */
async function caughtUp(
  link: ReplicationLink,
  asked: { replication: string; offset: number },
  say: (text: string) => void,
): Promise<ReadonlyMap<string, string>> {
  for (const deadline = Date.now() + CAUGHT_UP_MS; ;) {
    const info = parseInfo(await link.call('INFO'));
    const behind = asked.offset - Number(info.get('master_repl_offset') ?? 0);
    if (info.get('role') === 'slave' && info.get('master_link_status') !== 'up') {
      throw new Error('the replica has lost its master');
    }
    if (info.get('master_replid') !== asked.replication) throw new Error('another node became master meanwhile');
    if (behind <= 0) return info;
    if (Date.now() > deadline) throw new Error(`the replica stays ${behind} bytes behind`);
    say(`waiting for a replica that is ${behind} bytes behind`);
    await pause(LOOK_EVERY_MS);
  }
}

async function write(
  bytes: AsyncIterable<Buffer>,
  file: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Snapshot['rdb']> {
  const hash = createHash('sha256');
  let length = 0;
  let said = 0;
  const counted = async function* () {
    for await (const chunk of bytes) {
      hash.update(chunk);
      length += chunk.length;
      if (length - said >= SAY_EVERY_BYTES) {
        say(`${mebibytes(length)} MiB`);
        said = length;
      }
      yield chunk;
    }
  };
  await pipeline(counted, createWriteStream(file, { flags: 'w', mode: 0o600 }), { signal });
  return { bytes: length, sha256: hash.digest('hex') };
}

const SAY_EVERY_BYTES = 16 * 1024 ** 2;

export function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

/** `db0:keys=3,expires=1,...` for each database that has keys. */
export function countKeys(info: ReadonlyMap<string, string>): number {
  return [...info].reduce(
    (sum, [field, value]) => (/^db\d+$/.test(field) ? sum + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0) : sum),
    0,
  );
}

/** What any node needs for the same data: backlog and clients' buffers are each node's own. */
function dataMemory(info: ReadonlyMap<string, string>): number {
  const bytes = (field: string) => Number(info.get(field) ?? 0);
  const own = bytes('mem_replication_backlog') + bytes('mem_clients_normal') + bytes('mem_clients_slaves');
  return Math.max(0, bytes('used_memory') - own);
}

function isAboutFile(error: unknown): boolean {
  return error instanceof Error && 'path' in error;
}

function noSnapshot({ master, replicas }: Sources, cause: unknown): PlatformError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const connecting = /ECONN|closed|EPIPE|WRONGPASS|NOAUTH|ended too early/.test(message);
  return new PlatformError(
    {
      what: 'no node gives a snapshot, so nothing was backed up',
      got: connecting ? explainConnection(cause, replicas ?? master) : message,
      allowed: replicas === undefined ? 'a master that answers' : 'a master that answers, and a replica in sync',
      fix: 'See `npm run status`, fix what it names, and run the backup again.',
    },
    { cause },
  );
}
