import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { Redis, type RedisOptions as AllRedisOptions } from 'ioredis';
import type { Context } from '../../cli/context.js';
import { createContext } from './context.js';
import { connectEngine, type Engine } from '../../cli/engine/engine.js';
import { type Outputs, readOutputs } from '../../cli/outputs.js';
import { readSecret } from '../../cli/deployment/secrets.js';
import { type RedisServices, redisServices } from '../../cli/status/addresses.js';
import { gatherStatus } from '../../cli/status/gather.js';
import type { Status } from '../../cli/status/status.js';
import { readTopology } from '../../cli/status/topology.js';
import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { eventually } from './eventually.js';

/** A Redis user with its secret; on the Sentinels the secrets are others. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

export type RedisUser = 'admin' | 'api' | 'app' | 'node' | 'probe' | 'replication' | 'sentinel';
export type SentinelUser = 'admin' | 'api' | 'app' | 'node' | 'peer';

/** How ioredis maps answers decides its types; nobody changes that here. */
export type RedisOptions = Omit<AllRedisOptions, 'replyMapping'>;

/** Long enough for a loaded machine, on which Elasticsearch alone may take a minute; what takes longer is broken. */
export const HEALTHY_WITHIN = Duration.seconds(150);

/** The running platform, as its clients, its operators and the engine see it. Remembers what it opened. */
export class Platform {
  private readonly clients = new Set<Redis>();

  private constructor(
    readonly context: Context,
    readonly engine: Engine,
    public topology: Topology,
    /** With passwords, as they were when this was opened or last reloaded. */
    public outputs: Outputs,
  ) {}

  /**
   * @param which deployment. @default the one that PLATFORM_ENV and PLATFORM_INSTANCE name, else `test`
   * @throws PlatformError if it is not deployed
   */
  static async open(which: Parameters<typeof createContext>[0] = {}): Promise<Platform> {
    const context = createContext({ ...which, env: which.env ?? processEnv['PLATFORM_ENV'] ?? 'test' });
    const [engine, topology] = await Promise.all([connectEngine(), readTopology(context)]);
    const outputs = readOutputs(context, { showSecrets: true });
    if (!topology) throw new Error(`${context.name} has no topology.json`);
    return new Platform(context, engine, topology, outputs);
  }

  /** After a change of the declaration or of a secret. */
  async reload(): Promise<void> {
    this.topology = (await readTopology(this.context)) ?? this.topology;
    this.outputs = readOutputs(this.context, { showSecrets: true });
  }
  async close(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    this.clients.clear();
    // Sockets end one turn later; jest would see them as open handles.
    await pause(10);
  }

  get docker(): Docker {
    return this.engine.docker;
  }
  /** Short names: `redis-0`, ... */
  get nodes(): readonly string[] {
    return this.redis.nodes.instances.map(({ name }) => name);
  }
  /** Short names of a service's containers: `api-0`, ... */
  namesOf(service: string): readonly string[] {
    const found = this.topology.services.find(({ name }) => name === service);
    return found?.instances.map(({ name }) => name) ?? [];
  }
  /** Short names: `redis-sentinel-0`, ... */
  get sentinels(): readonly string[] {
    return this.redis.sentinels.instances.map(({ name }) => name);
  }
  get redis(): RedisServices {
    const services = redisServices(this.topology);
    if (!services) throw new Error('the topology has no Redis');
    return services;
  }
  service(name: string): TopologyService {
    const found = this.topology.services.find((service) => service.name === name);
    if (!found) throw new Error(`the topology has no service ${name}`);
    return found;
  }
  /** Name on the engine, of a container by its short name. */
  containerName(name: string): string {
    for (const { instances } of this.topology.services) {
      const found = instances.find((instance) => instance.name === name);
      if (found) return found.container;
    }
    throw new Error(`the topology has no container ${name}`);
  }
  container(name: string): Docker.Container {
    return this.docker.getContainer(this.containerName(name));
  }
  /** What runs in a container, with the process ids of the engine's machine. */
  async processes(name: string): Promise<{ readonly pid: number; readonly command: string }[]> {
    const { Titles, Processes } = (await this.container(name).top()) as { Titles: string[]; Processes: string[][] };
    const [pid, command] = [Titles.indexOf('PID'), Titles.indexOf('CMD')];
    return Processes.map((process) => ({ pid: Number(process[pid]), command: process[command] ?? '' }));
  }
  /** The base image: has bash and perl. */
  async helperImage(): Promise<string> {
    const seeder = this.redis.nodes.seeder;
    if (seeder === null) throw new Error('the Redis nodes have no seeder');
    return (await this.docker.getContainer(seeder).inspect()).Config.Image;
  }

  status(): Promise<Status> {
    return gatherStatus(this.context, this.docker, this.topology);
  }
  /** Waits until all is well. */
  async healthy(within: Duration = HEALTHY_WITHIN): Promise<Status> {
    return eventually(
      async () => {
        const status = await this.status();
        if (!status.ok) throw new Error(`${status.deployment} is not well:\n${status.problems.join('\n')}`);
        return status;
      },
      { within, every: 300 },
    );
  }
  /** Short name of the master, as the master port's server says it. */
  async master(): Promise<string> {
    const { redis } = await this.healthy();
    if (!redis) throw new Error('no master answers');
    return redis.master;
  }

  login(user: RedisUser): Login {
    return { username: user, password: readSecret(this.context.paths, `redis-${user}`) };
  }
  sentinelLogin(user: SentinelUser): Login {
    return { username: user, password: readSecret(this.context.paths, `redis-sentinel-${user}`) };
  }

  /** A client of the port that leads to the master. */
  atMaster(login: Partial<Login> = this.login('app'), options: RedisOptions = {}): Redis {
    return this.client({ ...hostAndPort(this.outputs.redis.masterUrl), ...login, ...options });
  }
  /** A client of the port that leads to the replicas. */
  atReplicas(login: Partial<Login> = this.login('app')): Redis {
    return this.client({ ...hostAndPort(this.outputs.redis.replicasUrl), ...login });
  }
  /** @param name short, e.g. `redis-1` */
  atNode(name: string, login: Partial<Login> = this.login('admin'), options: RedisOptions = {}): Redis {
    return this.client({ ...at(this.outputs.redis.nodes, this.nodes, name), ...login, ...options });
  }
  /** @param name short, e.g. `redis-sentinel-1` */
  atSentinel(name: string, login: Partial<Login> = this.sentinelLogin('admin')): Redis {
    return this.client({ ...at(this.outputs.redis.sentinels, this.sentinels, name), ...login });
  }
  /** A client as applications write it: asks the Sentinels, follows failovers. */
  bySentinel(options: RedisOptions = {}): Redis {
    const { redis } = this.outputs;
    return this.client({
      sentinels: redis.sentinels.map(({ host, port }) => ({ host, port })),
      name: redis.masterName,
      natMap: redis.natMap,
      username: redis.username,
      password: redis.password ?? '',
      sentinelUsername: redis.sentinelUsername,
      sentinelPassword: redis.sentinelPassword ?? '',
      sentinelRetryStrategy: () => 100,
      failoverDetector: false,
      ...options,
    });
  }
  disconnect(client: Redis): void {
    client.disconnect();
    this.clients.delete(client);
  }

  private client(options: RedisOptions): Redis {
    const client = new Redis({
      connectTimeout: 1000,
      socketTimeout: 2000,
      retryStrategy: () => 50,
      maxRetriesPerRequest: 5,
      // It asks for INFO, which most users may not.
      enableReadyCheck: false,
      ...options,
    });
    // Commands report their own failures; without a listener ioredis prints each lost connection.
    client.on('error', () => undefined);
    this.clients.add(client);
    return client;
  }
}

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function at<T>(all: readonly T[], names: readonly string[], name: string): T {
  const found = all[names.indexOf(name)];
  if (found === undefined) throw new Error(`${name} has no port of its own; there are ${names.join(', ')}`);
  return found;
}
