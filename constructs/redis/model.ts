import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration, Size } from '../core/units.js';
import { nodeMemory } from './memory.js';
import {
  type AppendOnly,
  DEFAULT_APPEND_ONLY,
  DEFAULT_SAVE_POINTS,
  EVICTION_POLICIES,
  type EvictionPolicy,
  FSYNC,
  type SavePoint,
} from './persistence.js';
import type { RedisReplicationProps } from './props.js';
import { type Fencing, redisUsers, sentinelUsers, type UserModel, usersModel } from './users.js';

/** A master, its replicas and the Sentinels. Which node is master is not declared: the Sentinels decide. */
export interface RedisModel extends Model {
  readonly kind: 'redis';
  /** The name under which Sentinel-aware clients ask for the master. */
  readonly masterName: string;
  readonly fencing: Fencing;
  /** Silence after which a Sentinel calls the master down; as long is its lease. */
  readonly downAfterMs: number;
  /** Where nodes and Sentinels keep what they must not forget. */
  readonly dataFolder: string;
  /** Access is what the ACL files grant: their default users are off. */
  readonly protectedMode: boolean;
  readonly nodes: {
    /** Name of the service. */
    readonly service: string;
    /** The first master and its replicas. */
    readonly count: number;
    /** Empty: no snapshots. */
    readonly savePoints: readonly SavePoint[];
    readonly appendOnly: {
      readonly fsync: AppendOnly['fsync'];
      readonly rewritePercentage: number;
      readonly rewriteMinSizeBytes: number;
    } | null;
    readonly maxMemoryBytes: number;
    readonly evictionPolicy: EvictionPolicy;
    /** Written but not yet read by one replica. */
    readonly replicaBufferBytes: number;
    /** Questions and answers of all clients. */
    readonly clientBuffersBytes: number;
    /** Gives back memory between keys, of which so much may lie idle; null: not at all. */
    readonly activeDefrag: { readonly ignoreBytes: number } | null;
    readonly minReplicasToWrite: number;
    /** A replica that was silent for longer is not counted as one. */
    readonly maxLagSeconds: number;
    /** What else redis.conf says, as it is. */
    readonly directives: Readonly<Record<string, string>>;
    readonly users: readonly UserModel[];
  };
  readonly sentinels: {
    readonly service: string;
    readonly count: number;
    readonly quorum: number;
    readonly failoverTimeoutMs: number;
    /** Replicas that follow a new master at once. */
    readonly parallelSyncs: number;
    readonly directives: Readonly<Record<string, string>>;
    readonly users: readonly UserModel[];
  };
}

/** What each setting can be, whatever the others are. */
export const REDIS_RANGES = {
  replicas: [0, 16],
  sentinels: [1, 9],
  rewritePercentage: [0, 10_000],
  rewriteMinSize: ['1MiB', '1024GiB'],
  maxMemory: ['8MiB', '1024GiB'],
  seconds: [1, 86_400],
  changes: [1, 1_000_000_000],
  downAfter: ['500ms', '1h'],
  failoverTimeout: ['1s', '1h'],
} as const satisfies Record<string, Range<unknown>>;

export const MASTER_NAME = {
  pattern: /^[a-z][a-z0-9-]{0,30}$/,
  allowed: 'a lower-case letter, then up to 30 of a-z, 0-9 and -',
  example: 'platform',
};
/** With two Sentinels, the death of one would leave no majority to earn a lease from. */
const FEWEST_FOR_LEASE = { sentinels: 3, replicas: 1 };

/** @param name id of the construct: services and secrets begin with it */
export function resolveRedis(name: string, props: RedisReplicationProps): Resolved<RedisModel> {
  const replicas = props.replicas ?? 2;
  const sentinels = props.sentinels ?? 3;
  const canLease = sentinels >= FEWEST_FOR_LEASE.sentinels && replicas >= FEWEST_FOR_LEASE.replicas;
  const appendOnly = props.appendOnly === 'off' ? undefined : (props.appendOnly ?? DEFAULT_APPEND_ONLY);
  const maxMemory = props.maxMemory ?? Size.mebibytes(128);
  const buffers = nodeMemory(maxMemory);
  const fencing = props.fencing ?? (canLease ? 'lease' : 'off');
  const model: RedisModel = {
    kind: 'redis',
    name,
    masterName: props.masterName ?? 'platform',
    fencing,
    downAfterMs: (props.downAfter ?? Duration.milliseconds(1500)).toMilliseconds(),
    dataFolder: '/data',
    protectedMode: false,
    nodes: {
      service: name,
      count: 1 + replicas,
      savePoints: props.savePoints ?? DEFAULT_SAVE_POINTS,
      appendOnly: appendOnly
        ? {
            fsync: appendOnly.fsync,
            rewritePercentage: appendOnly.rewritePercentage,
            rewriteMinSizeBytes: appendOnly.rewriteMinSize.toBytes(),
          }
        : null,
      maxMemoryBytes: maxMemory.toBytes(),
      evictionPolicy: props.evictionPolicy ?? 'noeviction',
      replicaBufferBytes: buffers.replicaBuffer.toBytes(),
      clientBuffersBytes: buffers.clients.toBytes(),
      activeDefrag: props.activeDefrag === true ? { ignoreBytes: worthDefragmenting(maxMemory) } : null,
      minReplicasToWrite: props.minReplicasToWrite ?? Math.min(1, replicas),
      // Bounds what an isolated master can accept: after this long without a replica it refuses writes.
      maxLagSeconds: 3,
      directives: {
        // A rejoining replica need not wait for others to share its snapshot.
        'repl-diskless-sync-delay': '0',
        'repl-backlog-size': '16mb',
        // Else a crash report would print the arguments of commands.
        'hide-user-data-from-log': 'yes',
        'tcp-keepalive': '60',
      },
      users: usersModel(redisUsers(name, fencing)),
    },
    sentinels: {
      service: `${name}-sentinel`,
      count: sentinels,
      quorum: props.quorum ?? Math.floor(sentinels / 2) + 1,
      failoverTimeoutMs: (props.failoverTimeout ?? Duration.seconds(10)).toMilliseconds(),
      parallelSyncs: 2,
      directives: {
        // Addresses only: with names, Sentinel cannot fail over once a dead container's name stops resolving.
        'resolve-hostnames': 'no',
      },
      users: usersModel(sentinelUsers(name)),
    },
  };
  return { model, problems: problemsOf(model, props, canLease) };
}

/** Bytes. Redis' own default alone, 100 MiB, would be most of a small memory; a tenth is what its other threshold asks for (redis.conf). */
function worthDefragmenting(maxMemory: Size): number {
  return Math.min(Math.floor(maxMemory.toBytes() / 10), 100 * 1024 ** 2);
}

function problemsOf(
  { name, masterName, fencing, nodes, sentinels }: RedisModel,
  props: RedisReplicationProps,
  canLease: boolean,
): Rules['problems'] {
  const rules = new Rules(name);
  const replicas = nodes.count - 1;
  const majority = Math.floor(sentinels.count / 2) + 1;
  const isWhole = (value: number, [least, most]: Range<number>) =>
    Number.isInteger(value) && value >= least && value <= most;
  rules.whole('replicas', replicas, REDIS_RANGES.replicas, 'Use 0 for a master without replicas.');
  if (!isWhole(sentinels.count, REDIS_RANGES.sentinels) || sentinels.count % 2 === 0) {
    const fix = 'Use 3: an even number tolerates no more failures than one less.';
    rules.refuse('sentinels', sentinels.count, '1, 3, 5, 7 or 9', fix);
  } else if (!isWhole(sentinels.quorum, [majority, sentinels.count])) {
    const allowed = `a majority of the ${sentinels.count} Sentinels: ${majority} to ${sentinels.count}`;
    rules.refuse('quorum', sentinels.quorum, allowed, 'Leave it out for the smallest majority.');
  }
  if (!isWhole(nodes.minReplicasToWrite, [0, replicas])) {
    const allowed = `a whole number from 0 to the ${replicas} replicas`;
    rules.refuse('minReplicasToWrite', nodes.minReplicasToWrite, allowed, 'Leave it out for 1, or 0 without replicas.');
  }
  rules.oneOf('fencing', fencing, ['lease', 'off']);
  if (fencing === 'lease' && !canLease) {
    rules.refuse(
      'fencing',
      `lease with ${sentinels.count} Sentinels and ${replicas} replicas`,
      `off, or lease with at least ${FEWEST_FOR_LEASE.sentinels} Sentinels and ${FEWEST_FOR_LEASE.replicas} replica`,
      'Leave it out: without them there is no majority to earn a lease from, or nobody to fail over to.',
    );
  }
  if (!MASTER_NAME.pattern.test(masterName)) {
    rules.refuse('masterName', masterName, MASTER_NAME.allowed, `Use e.g. '${MASTER_NAME.example}'.`);
  }
  for (const [index, { seconds, changes }] of nodes.savePoints.entries()) {
    rules.whole(`savePoints.${index}.seconds`, seconds, REDIS_RANGES.seconds);
    rules.whole(`savePoints.${index}.changes`, changes, REDIS_RANGES.changes);
  }
  if (nodes.appendOnly) {
    rules.oneOf('appendOnly.fsync', nodes.appendOnly.fsync, FSYNC);
    rules.whole('appendOnly.rewritePercentage', nodes.appendOnly.rewritePercentage, REDIS_RANGES.rewritePercentage);
    const least = Size.bytes(nodes.appendOnly.rewriteMinSizeBytes);
    rules.size('appendOnly.rewriteMinSize', least, REDIS_RANGES.rewriteMinSize);
  }
  rules.oneOf('evictionPolicy', nodes.evictionPolicy, EVICTION_POLICIES);
  const { maxMemory, downAfter, failoverTimeout } = props;
  if (maxMemory) rules.size('maxMemory', maxMemory, REDIS_RANGES.maxMemory);
  if (downAfter) rules.duration('downAfter', downAfter, REDIS_RANGES.downAfter);
  if (failoverTimeout) rules.duration('failoverTimeout', failoverTimeout, REDIS_RANGES.failoverTimeout);
  const memory = props.limits?.memory;
  if (memory && memory.toBytes() <= nodes.maxMemoryBytes) {
    const allowed = `more than maxMemory (${String(Size.bytes(nodes.maxMemoryBytes))})`;
    const fix = 'Leave it out for what maxMemory, snapshots and buffers need at worst.';
    rules.refuse('limits.memory', String(memory), allowed, fix);
  }
  if (nodes.activeDefrag && props.image?.supportsActiveDefrag === false) {
    rules.refuse(
      'activeDefrag',
      true,
      'false with an image whose Redis is built without its own jemalloc',
      "Leave out the image for the catalogue's, give one whose Redis can, or turn it off.",
    );
  }
  return rules.problems;
}
