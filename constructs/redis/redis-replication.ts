import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import type { Grant } from '../core/grant.js';
import { Grants } from '../core/grants.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { Secret } from '../core/secret.js';
import { type Logins, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../core/connections.js';
import type { Endpoint } from '../core/endpoint.js';
import {
  checkPrefix,
  REDIS_ACCESSES,
  REDIS_SETTINGS,
  type RedisGrantOptions,
  type RedisSetting,
  renderSettings,
} from './grant.js';
import { nodeMemory } from './memory.js';
import { type RedisModel, resolveRedis } from './model.js';
import type { RedisReplicationProps } from './props.js';
import type { TcpTarget } from '../proxy/targets.js';
import { NODE_FILES, REDIS_PORT, type RedisAddresses, SENTINEL_FILES, SENTINEL_PORT } from './render-config.js';
import { eachOf, nodesInRole } from './tcp-targets.js';
import {
  backupUser,
  clientUsers,
  type Fencing,
  isReserved,
  type RedisAccess,
  redisUsers,
  type RedisUsers,
  sentinelUsers,
  type SentinelUsers,
  type User,
  type UserModel,
  userModel,
} from './users.js';

/**
 * A Redis master, its replicas and the Sentinels that fail it over.
 *
 * Terraform only declares who is master first: from then on the roles belong to the Sentinels. How no confirmed write
 * is lost on the way is the matter of the supervisor in `images/redis`.
 */
export class RedisReplication extends Modelled implements IConnectable {
  /** Where clients connect that know which node they want; 6379. */
  readonly endpoint: Endpoint;
  /** Where clients that speak Sentinel ask for the master; 26379. */
  readonly sentinel: Endpoint;
  /** Allow rules of the Redis nodes. */
  readonly connections: Connections;
  readonly users: RedisUsers;
  readonly sentinelUsers: SentinelUsers;
  /** Of the Sentinels, and of what else needs programs that know this Redis. */
  readonly image: ContainerImage;
  private readonly resolved: RedisModel;
  private backupUser: User | undefined;
  private readonly clients: Grants<RedisAccess, RedisSetting>;

  /** @throws PlatformError with all that cannot be, or cannot be together */
  constructor(scope: Construct, id: string, props: RedisReplicationProps = {}) {
    super(scope, id);
    const model = sound(resolveRedis(id, props));
    this.resolved = model;
    this.image = props.image?.image ?? ContainerImage.fromCatalog('redis');
    this.users = redisUsers(id, model.fencing);
    this.sentinelUsers = sentinelUsers(id);

    const nodes = new Service(this, 'node', {
      name: model.nodes.service,
      // Sentinels hold no data, so they need no image that defragments, and stay when the setting changes.
      image: props.image?.image ?? ContainerImage.fromCatalog(model.nodes.activeDefrag ? 'redis-defrag' : 'redis'),
      command: ['node'],
      replicas: model.nodes.count,
      environment: ({ index }) => ({ NODE_ADDRESS: this.endpoint.address(index) }),
      healthCheck: HealthCheck.command(['redis-node', 'health', 'node']),
      limits: { memory: nodeMemory(Size.bytes(model.nodes.maxMemoryBytes)).container, ...props.limits },
      volumes: [{ name: 'data', path: '/data' }],
      logins: () => logins('node', this.users.admin, this.model.nodes.users),
      // A planned stop hands over to a replica first.
      stopTimeout: Duration.seconds(15),
    });
    const watchers = new Service(this, 'sentinel', {
      name: model.sentinels.service,
      image: this.image,
      command: ['sentinel'],
      replicas: model.sentinels.count,
      environment: ({ index }) => ({ NODE_ADDRESS: this.sentinel.address(index) }),
      healthCheck: HealthCheck.command(['redis-node', 'health', 'sentinel']),
      limits: { memory: Size.mebibytes(64), cpus: 0.5 },
      volumes: [{ name: 'data', path: '/data' }],
      logins: () => logins('sentinel', this.sentinelUsers.admin, this.model.sentinels.users),
    });
    this.endpoint = nodes.addEndpoint(nodes.name, { port: REDIS_PORT });
    this.sentinel = watchers.addEndpoint(watchers.name, { port: SENTINEL_PORT });
    this.connections = nodes.connections;
    this.clients = new Grants(nodes, {
      kind: model.kind,
      name: model.name,
      accesses: REDIS_ACCESSES,
      settings: REDIS_SETTINGS,
      isReserved,
    });
    nodes.connections.allowTo(this.sentinel);
    watchers.connections.allowTo(this.endpoint);
    const at: RedisAddresses = {
      node: (index) => this.endpoint.address(index),
      sentinel: (index) => this.sentinel.address(index),
    };
    for (const [path, render] of Object.entries(NODE_FILES)) nodes.addFile(path, () => render(this.model, at));
    for (const [path, render] of Object.entries(SENTINEL_FILES)) watchers.addFile(path, () => render(this.model, at));
  }

  get model(): RedisModel {
    const { name, fencing, nodes, sentinels } = this.resolved;
    const clients = this.clients.all.map((grant) => clientUsers(name, fencing, grant));
    const others = [...(this.backupUser ? [this.backupUser] : []), ...clients.map(({ node }) => node)];
    return {
      ...this.resolved,
      nodes: { ...nodes, users: [...nodes.users, ...others.map(userModel)] },
      sentinels: { ...sentinels, users: [...sentinels.users, ...clients.map(({ sentinel }) => userModel(sentinel))] },
    };
  }
  override get grants(): readonly Grant[] {
    return this.clients.described;
  }
  get masterName(): string {
    return this.resolved.masterName;
  }
  get replicas(): number {
    return this.resolved.nodes.count - 1;
  }
  get minReplicasToWrite(): number {
    return this.resolved.nodes.minReplicasToWrite;
  }
  get downAfter(): Duration {
    return Duration.milliseconds(this.resolved.downAfterMs);
  }
  get fencing(): Fencing {
    return this.resolved.fencing;
  }
  /** For `proxy.listenTcp`: whichever node is the master, and can take writes, just then. */
  get master(): TcpTarget {
    return nodesInRole('master', this.endpoint, this.offered('Redis master'), () => this.model);
  }
  /** For `proxy.listenTcp`: replicas in sync, the one with the fewest connections first. */
  get replicasInSync(): TcpTarget {
    return nodesInRole('replica', this.endpoint, this.offered('Redis replicas'), () => this.model);
  }
  /** For `proxy.listenTcp`: a port for each node, for Sentinel-aware clients on the host. */
  get eachNode(): readonly TcpTarget[] {
    return eachOf('node', this.endpoint, this.offered('Redis node'));
  }
  /** For `proxy.listenTcp`: a port for each Sentinel. */
  get eachSentinel(): readonly TcpTarget[] {
    return eachOf('sentinel', this.sentinel, {
      ...this.offered(`Sentinel of "${this.masterName}"`),
      user: this.sentinelUsers.app,
    });
  }
  private offered(what: string) {
    return { what, user: this.users.app, masterName: this.masterName };
  }
  /**
   * Lets a service find the master through the Sentinels and use its data, as a user of its own that is called like the service: the rules,
   * the user on nodes and Sentinels, its passwords as files below /config/secrets, and where all that is as environment variables.
   * Saying it twice is harmless.
   * @throws PlatformError with all that cannot be
   */
  grant(client: Service, access: RedisAccess, options: RedisGrantOptions = {}): void {
    const grant = this.clients.add(client, access, options, (rules) => {
      checkPrefix(rules, options);
    });
    if (!grant) return;
    const { name, masterName, fencing } = this.resolved;
    client.connections.allowTo(this.endpoint);
    client.connections.allowTo(this.sentinel);
    const { node, sentinel } = clientUsers(name, fencing, grant);
    const fileOf = ({ secret }: User) => `/config/secrets/${secret.name}`;
    for (const user of [node, sentinel]) client.addFile(fileOf(user), () => user.secret.plain);
    client.addEnvironment(() =>
      renderSettings(grant, {
        masterName,
        sentinels: this.sentinel.addresses.map((address) => `${address}:${SENTINEL_PORT}`),
        passwordFile: fileOf(node),
        sentinelPasswordFile: fileOf(sentinel),
      }),
    );
  }
  /** Lets a service read all data as a replica does, as a user that can do nothing else. */
  allowBackups(service: Service): User {
    service.connections.allowTo(this.endpoint);
    this.backupUser ??= backupUser(this.node.id);
    return this.backupUser;
  }
}

function logins(kind: 'node' | 'sentinel', admin: User, users: readonly UserModel[]): Logins {
  const all = users.flatMap(({ name, secret }) => (secret === null ? [] : [{ name, secret: new Secret(secret) }]));
  return { command: ['redis-node', 'passwords', kind], admin: admin.name, users: all };
}
