import type { Topology } from '../../constructs/core/topology.js';
import type { Context } from '../context.js';
import { readOutputs } from '../outputs.js';
import { secretValues } from '../deployment/secrets-in-use.js';
import { ADMIN, adminSecret, redisServices } from '../status/addresses.js';
import { type RedisTarget, withRedis } from '../status/redis-connection.js';
import { parseInfo } from '../status/replication.js';
import { countKeys } from './snapshot.js';

/** What the master says of itself. */
export interface Running {
  /** In all databases. */
  readonly keys: number;
  /** Keys that it read from a snapshot at its start, those included that had expired. */
  readonly loaded: number;
  /** Bytes; 0 is no limit. */
  readonly maxMemory: number;
  readonly appendOnly: boolean;
}

/** Where the published ports of Redis are, for the user that may look at everything. */
export function redisTargets(
  context: Context,
  topology: Topology,
): { readonly master: RedisTarget; readonly replicas: RedisTarget } {
  const { redis } = readOutputs(context, { showSecrets: false });
  const model = redisServices(topology)?.model;
  const passwords = model ? secretValues(context.paths, adminSecret(model.nodes.users)) : [];
  const at = (url: string): RedisTarget => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port), username: ADMIN, passwords };
  };
  return { master: at(redis.masterUrl), replicas: at(redis.replicasUrl) };
}

/** @returns undefined if no master answers */
export async function lookAtMaster(context: Context, topology: Topology): Promise<Running | undefined> {
  const { master } = redisTargets(context, topology);
  try {
    const info = parseInfo(await withRedis(master, (redis) => redis.info()));
    return {
      keys: countKeys(info),
      loaded: Number(info.get('rdb_last_load_keys_loaded')) + Number(info.get('rdb_last_load_keys_expired')),
      maxMemory: Number(info.get('maxmemory')),
      appendOnly: info.get('aof_enabled') === '1',
    };
  } catch {
    return undefined;
  }
}
