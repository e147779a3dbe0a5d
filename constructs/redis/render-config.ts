import { lines } from '../core/lines.js';
import type { Duration, Size } from '../core/units.js';
import type { EvictionPolicy, Persistence } from './persistence.js';

export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;

export interface RedisOptions {
  readonly persistence: Persistence;
  readonly maxMemory: Size;
  readonly evictionPolicy: EvictionPolicy;
  readonly activeDefrag: boolean;
  readonly minReplicasToWrite: number;
}

/**
 * redis.conf, equal for all nodes. What differs per node and start (addresses, role, priority) the supervisor writes
 * around it: `CONFIG REWRITE` appends to the file it started from, so a declared value here must never be that file.
 */
export function renderRedisConfig(options: RedisOptions): string {
  const { savePoints, appendOnly } = options.persistence;
  const save = savePoints.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' ');
  return lines(
    `port ${REDIS_PORT}`,
    'dir /data',
    'aclfile /config/users.acl',
    'include /config/redis-secrets.conf',
    // Access is what the ACL file grants: its default user is off.
    'protected-mode no',
    '',
    `save ${save === '' ? '""' : save}`,
    `appendonly ${appendOnly ? 'yes' : 'no'}`,
    ...(appendOnly
      ? [
          `appendfsync ${appendOnly.fsync}`,
          `auto-aof-rewrite-percentage ${appendOnly.rewritePercentage}`,
          `auto-aof-rewrite-min-size ${appendOnly.rewriteMinSize.toBytes()}`,
        ]
      : []),
    '',
    `maxmemory ${options.maxMemory.toBytes()}`,
    `maxmemory-policy ${options.evictionPolicy}`,
    ...(options.activeDefrag ? ['activedefrag yes'] : []),
    '',
    // Bounds what an isolated master can accept: after min-replicas-max-lag without a replica it refuses writes.
    `min-replicas-to-write ${options.minReplicasToWrite}`,
    'min-replicas-max-lag 3',
    // A rejoining replica need not wait for others to share its snapshot.
    'repl-diskless-sync-delay 0',
    'repl-backlog-size 16mb',
    // Else a crash report would print the arguments of commands.
    'hide-user-data-from-log yes',
    'tcp-keepalive 60',
  );
}

export interface SentinelOptions {
  readonly masterName: string;
  readonly declaredMaster: string;
  readonly quorum: number;
  /** How long a master may be silent before a Sentinel calls it down. */
  readonly downAfter: Duration;
  /** How long a failover may take before another is tried. */
  readonly failoverTimeout: Duration;
  readonly parallelSyncs: number;
}

/** The declared part of sentinel.conf; the supervisor adds addresses, secrets and the remembered state. */
export function renderSentinelConfig(options: SentinelOptions): string {
  const { masterName } = options;
  return lines(
    `port ${SENTINEL_PORT}`,
    'dir /data',
    'aclfile /config/sentinel-users.acl',
    'protected-mode no',
    // Addresses only: with names, Sentinel cannot fail over once a dead container's name stops resolving.
    'sentinel resolve-hostnames no',
    `sentinel monitor ${masterName} ${options.declaredMaster} ${REDIS_PORT} ${options.quorum}`,
    `sentinel down-after-milliseconds ${masterName} ${options.downAfter.toMilliseconds()}`,
    `sentinel failover-timeout ${masterName} ${options.failoverTimeout.toMilliseconds()}`,
    `sentinel parallel-syncs ${masterName} ${options.parallelSyncs}`,
  );
}
