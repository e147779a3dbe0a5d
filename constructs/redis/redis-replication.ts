import { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { PlatformError } from '../core/platform-error.js';
import type { Secret } from '../core/secret.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../network/connections.js';
import type { Endpoint } from '../network/endpoint.js';
import type { AppendOnly, EvictionPolicy, SavePoint } from './persistence.js';
import { REDIS_PORT, renderRedisConfig, renderSentinelConfig, SENTINEL_PORT } from './render-config.js';
import { redisUsers, type RedisUsers, renderAclFile, sentinelUsers, type SentinelUsers } from './users.js';

export interface RedisReplicationProps {
  /** 0-16. @default 2 */
  readonly replicas?: number;
  /** 1-9, odd. @default 3 */
  readonly sentinels?: number;
  /** Sentinels that must agree that the master is down: a majority, at most all. @default the smallest majority */
  readonly quorum?: number;
  /** The name under which Sentinel-aware clients ask for the master. @default 'platform' */
  readonly masterName?: string;
  /** Snapshots; an empty list turns them off. @default 900 1, 300 10, 60 10000 */
  readonly savePoints?: readonly SavePoint[];
  /** The append-only file; `'off'` turns it off. @default everysec, rewritten at +100 % from 64 MiB */
  readonly appendOnly?: AppendOnly | 'off';
  /** @default 128 MiB */
  readonly maxMemory?: Size;
  /** @default 'noeviction': writes fail rather than data vanish */
  readonly evictionPolicy?: EvictionPolicy;
  /** Needs a Redis built with its own jemalloc; Debian's is not. @default false */
  readonly activeDefrag?: boolean;
  /** Replicas that must be connected for the master to take writes, 0 up to `replicas`. @default 1, or 0 without replicas */
  readonly minReplicasToWrite?: number;
  /** Silence after which a Sentinel calls the master down. Below 1500 ms a new master was called down too. @default 1500 ms */
  readonly downAfter?: Duration;
  /** @default 10 s */
  readonly failoverTimeout?: Duration;
  /** Per node. @default memory: twice maxMemory (a snapshot copies what is written meanwhile) + 64 MiB; 1 CPU */
  readonly limits?: Limits;
  /** An image that carries the supervisor of `images/redis`, and whether its Redis can defragment. @default the catalogue's */
  readonly image?: { readonly image: ContainerImage; readonly supportsActiveDefrag: boolean };
}

/** Redis 4.0-8 defaults, written out because later versions changed the first one (redis.conf). */
export const DEFAULT_SAVE_POINTS: readonly SavePoint[] = [
  { seconds: 900, changes: 1 },
  { seconds: 300, changes: 10 },
  { seconds: 60, changes: 10_000 },
];
export const DEFAULT_APPEND_ONLY: AppendOnly = {
  fsync: 'everysec',
  rewritePercentage: 100,
  rewriteMinSize: Size.mebibytes(64),
};

/**
 * A Redis master, its replicas and the Sentinels that fail it over.
 *
 * Terraform only declares who is master first: from then on the roles belong to the Sentinels. How no confirmed write
 * is lost on the way is the matter of the supervisor in `images/redis`.
 */
export class RedisReplication extends Construct implements IConnectable {
  /** Where clients connect that know which node they want; 6379. */
  readonly endpoint: Endpoint;
  /** Where clients that speak Sentinel ask for the master; 26379. */
  readonly sentinel: Endpoint;
  /** Allow rules of the Redis nodes. */
  readonly connections: Connections;
  readonly masterName: string;
  readonly minReplicasToWrite: number;
  readonly users: RedisUsers;
  readonly sentinelUsers: SentinelUsers;

  /** @throws PlatformError for numbers that cannot work together */
  constructor(scope: Construct, id: string, props: RedisReplicationProps = {}) {
    super(scope, id);
    const replicas = props.replicas ?? 2;
    const sentinels = props.sentinels ?? 3;
    const quorum = props.quorum ?? Math.floor(sentinels / 2) + 1;
    const image = props.image ?? { image: ContainerImage.fromCatalog('redis'), supportsActiveDefrag: false };
    this.masterName = props.masterName ?? 'platform';
    this.minReplicasToWrite = props.minReplicasToWrite ?? Math.min(1, replicas);
    checkNumbers({ replicas, sentinels, quorum, minReplicasToWrite: this.minReplicasToWrite });
    if (props.activeDefrag && !image.supportsActiveDefrag) {
      throw new PlatformError({
        what: `${id}.activeDefrag is on, but the image's Redis cannot defragment`,
        got: true,
        allowed: "false with the catalogue's image (Debian builds Redis without its own jemalloc)",
        fix: 'Turn it off, or give an image whose Redis has it.',
      });
    }
    const options = {
      persistence: {
        savePoints: props.savePoints ?? DEFAULT_SAVE_POINTS,
        appendOnly: props.appendOnly === 'off' ? undefined : (props.appendOnly ?? DEFAULT_APPEND_ONLY),
      },
      maxMemory: props.maxMemory ?? Size.mebibytes(128),
      evictionPolicy: props.evictionPolicy ?? 'noeviction',
      activeDefrag: props.activeDefrag ?? false,
      minReplicasToWrite: this.minReplicasToWrite,
    };
    const sentinelOptions = {
      masterName: this.masterName,
      quorum,
      downAfter: props.downAfter ?? Duration.milliseconds(1500),
      failoverTimeout: props.failoverTimeout ?? Duration.seconds(10),
      parallelSyncs: 2,
    };
    this.users = redisUsers(id);
    this.sentinelUsers = sentinelUsers(id);

    const nodes = new Service(this, 'node', {
      name: id,
      image: image.image,
      command: ['node'],
      replicas: 1 + replicas,
      environment: ({ index }) => ({ NODE_ADDRESS: this.endpoint.address(index) }),
      healthCheck: HealthCheck.command(['redis-node', 'health', 'node']),
      limits: { memory: Size.bytes(options.maxMemory.toBytes() * 2 + Size.mebibytes(64).toBytes()), ...props.limits },
      volumes: [{ name: 'data', path: '/data' }],
      // A planned stop hands over to a replica first.
      stopTimeout: Duration.seconds(15),
    });
    const watchers = new Service(this, 'sentinel', {
      name: `${id}-sentinel`,
      image: image.image,
      command: ['sentinel'],
      replicas: sentinels,
      environment: ({ index }) => ({ NODE_ADDRESS: this.sentinel.address(index) }),
      healthCheck: HealthCheck.command(['redis-node', 'health', 'sentinel']),
      limits: { memory: Size.mebibytes(64), cpus: 0.5 },
      volumes: [{ name: 'data', path: '/data' }],
    });
    this.endpoint = nodes.addEndpoint(nodes.name, { port: REDIS_PORT });
    this.sentinel = watchers.addEndpoint(watchers.name, { port: SENTINEL_PORT });
    this.connections = nodes.connections;
    nodes.connections.allowTo(this.sentinel);
    watchers.connections.allowTo(this.endpoint);

    nodes.addFile('/config/redis.conf', () => renderRedisConfig(options));
    nodes.addFile('/config/users.acl', () => renderAclFile(this.users));
    nodes.addFile('/config/redis-secrets.conf', () => {
      const { name, secret } = this.users.replication;
      return `masteruser ${name}\nmasterauth ${secret.plain}\n`;
    });
    nodes.addFile('/config/node.json', () =>
      this.supervisorConfig(REDIS_PORT, {
        redisUser: { username: this.users.node.name, passwordFile: '/config/secrets/redis-node' },
      }),
    );
    nodes.addFile('/config/secrets/redis-node', () => this.users.node.secret.plain);
    nodes.addFile('/config/secrets/sentinel-node', () => this.sentinelUsers.node.secret.plain);

    watchers.addFile('/config/sentinel.conf', () =>
      renderSentinelConfig({ ...sentinelOptions, declaredMaster: this.endpoint.address(0) }),
    );
    watchers.addFile('/config/sentinel-users.acl', () => renderAclFile(this.sentinelUsers));
    watchers.addFile('/config/sentinel-secrets.conf', () => this.sentinelSecrets());
    watchers.addFile('/config/sentinel.json', () => this.supervisorConfig(SENTINEL_PORT));
    watchers.addFile('/config/secrets/sentinel-node', () => this.sentinelUsers.node.secret.plain);

    nodes.settings['persistence'] = {
      savePoints: options.persistence.savePoints.map(({ seconds, changes }) => `${seconds} ${changes}`),
      appendOnly: options.persistence.appendOnly
        ? { ...options.persistence.appendOnly, rewriteMinSize: String(options.persistence.appendOnly.rewriteMinSize) }
        : 'off',
    };
    nodes.settings['memory'] = {
      maxMemory: String(options.maxMemory),
      evictionPolicy: options.evictionPolicy,
      activeDefrag: options.activeDefrag,
    };
    nodes.settings['replication'] = { replicas, minReplicasToWrite: this.minReplicasToWrite };
    watchers.settings['failover'] = {
      masterName: this.masterName,
      quorum,
      downAfter: String(sentinelOptions.downAfter),
      failoverTimeout: String(sentinelOptions.failoverTimeout),
    };
  }

  /** Lets a service find the master through the Sentinels and connect to it, as the user `app`. */
  allowClient(client: Service): void {
    client.connections.allowTo(this.endpoint);
    client.connections.allowTo(this.sentinel);
  }
  /** The secrets of the user `app`: on the nodes and, a separate one, on the Sentinels. */
  get clientSecrets(): { readonly redis: Secret; readonly sentinel: Secret } {
    return { redis: this.users.app.secret, sentinel: this.sentinelUsers.app.secret };
  }

  /** Who takes part, for the supervisor in each container. */
  private supervisorConfig(port: number, more: object = {}): string {
    const config = {
      masterName: this.masterName,
      declaredMaster: this.endpoint.address(0),
      port,
      nodes: this.endpoint.addresses,
      sentinels: this.sentinel.addresses.map((address) => `${address}:${SENTINEL_PORT}`),
      ...more,
      sentinelUser: { username: this.sentinelUsers.node.name, passwordFile: '/config/secrets/sentinel-node' },
    };
    return `${JSON.stringify(config, null, 2)}\n`;
  }
  private sentinelSecrets(): string {
    const { masterName } = this;
    const onNodes = this.users.sentinel;
    const onPeers = this.sentinelUsers.peer;
    return [
      `sentinel auth-user ${masterName} ${onNodes.name}`,
      `sentinel auth-pass ${masterName} ${onNodes.secret.plain}`,
      `sentinel sentinel-user ${onPeers.name}`,
      `sentinel sentinel-pass ${onPeers.secret.plain}`,
      '',
    ].join('\n');
  }
}

/** The numbers that must fit together; also checked, all at once, where an environment is loaded. */
export function redisNumberProblems(numbers: {
  readonly replicas: number;
  readonly sentinels: number;
  readonly quorum: number;
  readonly minReplicasToWrite: number;
}): { path: string; got: number; allowed: string; fix: string }[] {
  const { replicas, sentinels, quorum, minReplicasToWrite } = numbers;
  const majority = Math.floor(sentinels / 2) + 1;
  const problems = [];
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > 16) {
    problems.push({
      path: 'replicas',
      got: replicas,
      allowed: 'a whole number from 0 to 16',
      fix: 'Use 0 for a master without replicas.',
    });
  }
  if (!Number.isInteger(sentinels) || sentinels < 1 || sentinels > 9 || sentinels % 2 === 0) {
    problems.push({
      path: 'sentinels',
      got: sentinels,
      allowed: '1, 3, 5, 7 or 9',
      fix: 'Use 3: an even number tolerates no more failures than one less.',
    });
  } else if (!Number.isInteger(quorum) || quorum < majority || quorum > sentinels) {
    problems.push({
      path: 'quorum',
      got: quorum,
      allowed: `a majority of the ${sentinels} Sentinels: ${majority} to ${sentinels}`,
      fix: 'Leave it out for the smallest majority.',
    });
  }
  if (!Number.isInteger(minReplicasToWrite) || minReplicasToWrite < 0 || minReplicasToWrite > replicas) {
    problems.push({
      path: 'minReplicasToWrite',
      got: minReplicasToWrite,
      allowed: `a whole number from 0 to the ${replicas} replicas`,
      fix: 'Leave it out for 1, or 0 without replicas.',
    });
  }
  return problems;
}

function checkNumbers(numbers: Parameters<typeof redisNumberProblems>[0]): void {
  const problems = redisNumberProblems(numbers);
  if (problems.length > 0) {
    throw PlatformError.all(
      problems.map(({ path, ...problem }) => ({ what: `redis.${path} cannot be used`, ...problem })),
    );
  }
}
