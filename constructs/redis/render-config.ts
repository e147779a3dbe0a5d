import { lines } from '../core/lines.js';
import { Secret } from '../core/secret.js';
import type { RedisModel } from './model.js';
import { renderAclFile, type UserModel } from './users.js';

export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;

/** Where the containers are, by their index. The first node is the first master. */
export interface RedisAddresses {
  readonly node: (index: number) => string;
  readonly sentinel: (index: number) => string;
}

const NODE_PASSWORD = '/config/secrets/redis-node';
const SENTINEL_PASSWORD = '/config/secrets/sentinel-node';
const yesOrNo = (value: boolean) => (value ? 'yes' : 'no');
const listed = (directives: Readonly<Record<string, string>>, prefix = '') =>
  Object.entries(directives).map(([name, value]) => `${prefix}${name} ${value}`);

/**
 * redis.conf, equal for all nodes. What differs per node and start (addresses, role, priority) the supervisor writes
 * around it: `CONFIG REWRITE` appends to the file it started from, so a declared value here must never be that file.
 */
export function renderRedisConfig({ dataFolder, protectedMode, nodes }: RedisModel): string {
  const { appendOnly } = nodes;
  const save = nodes.savePoints.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' ');
  return lines(
    `port ${REDIS_PORT}`,
    `dir ${dataFolder}`,
    'aclfile /config/users.acl',
    'include /config/redis-secrets.conf',
    `protected-mode ${yesOrNo(protectedMode)}`,
    '',
    `save ${save === '' ? '""' : save}`,
    `appendonly ${yesOrNo(appendOnly !== null)}`,
    ...(appendOnly
      ? [
          `appendfsync ${appendOnly.fsync}`,
          `auto-aof-rewrite-percentage ${appendOnly.rewritePercentage}`,
          `auto-aof-rewrite-min-size ${appendOnly.rewriteMinSizeBytes}`,
        ]
      : []),
    '',
    `maxmemory ${nodes.maxMemoryBytes}`,
    `maxmemory-policy ${nodes.evictionPolicy}`,
    // Together with maxmemory these fit into the container's limit.
    `client-output-buffer-limit replica ${nodes.replicaBufferBytes} 0 0`,
    `maxmemory-clients ${nodes.clientBuffersBytes}`,
    ...(nodes.activeDefrag ? ['activedefrag yes', `active-defrag-ignore-bytes ${nodes.activeDefrag.ignoreBytes}`] : []),
    '',
    `min-replicas-to-write ${nodes.minReplicasToWrite}`,
    `min-replicas-max-lag ${nodes.maxLagSeconds}`,
    ...listed(nodes.directives),
  );
}

/** The declared part of sentinel.conf; the supervisor adds addresses, secrets and the remembered state. */
export function renderSentinelConfig(model: RedisModel, at: RedisAddresses): string {
  const { masterName, sentinels } = model;
  return lines(
    `port ${SENTINEL_PORT}`,
    `dir ${model.dataFolder}`,
    'aclfile /config/sentinel-users.acl',
    `protected-mode ${yesOrNo(model.protectedMode)}`,
    ...listed(sentinels.directives, 'sentinel '),
    `sentinel monitor ${masterName} ${at.node(0)} ${REDIS_PORT} ${sentinels.quorum}`,
    `sentinel down-after-milliseconds ${masterName} ${model.downAfterMs}`,
    `sentinel failover-timeout ${masterName} ${sentinels.failoverTimeoutMs}`,
    `sentinel parallel-syncs ${masterName} ${sentinels.parallelSyncs}`,
  );
}

/** How a replica logs in to its master. */
function renderRedisSecrets({ nodes }: RedisModel): string {
  const { name, plain } = userOf(nodes.users, 'replication');
  return lines(`masteruser ${name}`, `masterauth ${plain}`);
}

/** How a Sentinel logs in to the nodes, and to the other Sentinels. */
function renderSentinelSecrets({ masterName, nodes, sentinels }: RedisModel): string {
  const onNodes = userOf(nodes.users, 'sentinel');
  const onPeers = userOf(sentinels.users, 'peer');
  return lines(
    `sentinel auth-user ${masterName} ${onNodes.name}`,
    `sentinel auth-pass ${masterName} ${onNodes.plain}`,
    `sentinel sentinel-user ${onPeers.name}`,
    `sentinel sentinel-pass ${onPeers.plain}`,
  );
}

/** node.json: who takes part, for the supervisor of a node. */
function renderNodeSupervisor(model: RedisModel, at: RedisAddresses): string {
  const redisUser = { username: userOf(model.nodes.users, 'node').name, passwordFile: NODE_PASSWORD };
  return renderSupervisor(model, at, REDIS_PORT, { redisUser, fencing: model.fencing });
}

/** sentinel.json: the same for the supervisor of a Sentinel. */
function renderSentinelSupervisor(model: RedisModel, at: RedisAddresses): string {
  return renderSupervisor(model, at, SENTINEL_PORT);
}

function renderSupervisor(model: RedisModel, at: RedisAddresses, port: number, more: object = {}): string {
  const config = {
    masterName: model.masterName,
    declaredMaster: at.node(0),
    port,
    nodes: each(model.nodes.count, at.node),
    sentinels: each(model.sentinels.count, at.sentinel).map((address) => `${address}:${SENTINEL_PORT}`),
    ...more,
    sentinelUser: { username: userOf(model.sentinels.users, 'node').name, passwordFile: SENTINEL_PASSWORD },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** What the nodes are given, by path. */
export const NODE_FILES: Readonly<Record<string, (model: RedisModel, at: RedisAddresses) => string>> = {
  '/config/redis.conf': renderRedisConfig,
  '/config/users.acl': ({ nodes }) => renderAclFile(nodes.users),
  '/config/redis-secrets.conf': renderRedisSecrets,
  '/config/node.json': renderNodeSupervisor,
  [NODE_PASSWORD]: ({ nodes }) => userOf(nodes.users, 'node').plain,
  [SENTINEL_PASSWORD]: ({ sentinels }) => userOf(sentinels.users, 'node').plain,
};

/** What the Sentinels are given. */
export const SENTINEL_FILES: typeof NODE_FILES = {
  '/config/sentinel.conf': renderSentinelConfig,
  '/config/sentinel-users.acl': ({ sentinels }) => renderAclFile(sentinels.users),
  '/config/sentinel-secrets.conf': renderSentinelSecrets,
  '/config/sentinel.json': renderSentinelSupervisor,
  [SENTINEL_PASSWORD]: ({ sentinels }) => userOf(sentinels.users, 'node').plain,
};

function each(count: number, address: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => address(index));
}

function userOf(users: readonly UserModel[], name: string): { readonly name: string; readonly plain: string } {
  const user = users.find((one) => one.name === name);
  if (user?.secret == null) throw new Error(`there is no user ${name} with a password`);
  return { name, plain: new Secret(user.secret).plain };
}
