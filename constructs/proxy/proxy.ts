import { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { Secret } from '../core/secret.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../network/connections.js';
import type { Endpoint } from '../network/endpoint.js';
import type { RedisReplication } from '../redis/redis-replication.js';
import { type HttpRoute, type RedisRoute, renderProxyConfig, type Upstream } from './render-config.js';

export interface ProxyProps {
  /** Host port of the statistics page. @default 8404 */
  readonly statsPort?: number;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
}

export interface HttpRouteProps {
  /** Host port. */
  readonly port: number;
  /** @default 'roundrobin' */
  readonly balance?: 'roundrobin' | 'leastconn';
  /** @default '/health' */
  readonly healthPath?: string;
  /** @default 1 s */
  readonly checkInterval?: Duration;
  /** Failed checks in a row that take a server out. @default 3 */
  readonly fall?: number;
  /** Successful checks in a row that bring it back. @default 1 */
  readonly rise?: number;
  /** Requests per server at once; more wait. @default 200 */
  readonly maxConnections?: number;
  /** How long a request may wait for a server. @default 2 s */
  readonly queueTimeout?: Duration;
  /** @default 10 s */
  readonly responseTimeout?: Duration;
  /** @default 1 MiB */
  readonly maxRequestSize?: Size;
}

export interface RedisRouteProps {
  /** Host port that always leads to the master. */
  readonly masterPort: number;
  /** Host port that leads to replicas in sync, to the one with the fewest connections. */
  readonly replicasPort: number;
  /** Host port of the first Sentinel; the others follow. */
  readonly sentinelPort: number;
  /** Host port of the first node; the others follow. For Sentinel-aware clients on the host. @default not published */
  readonly nodePort?: number | undefined;
}

/** HAProxy: the only service that publishes ports, and the only way from the host into the platform. */
export class Proxy extends Construct implements IConnectable {
  readonly connections: Connections;
  readonly service: Service;
  /** Of the statistics page's user `admin`. */
  readonly statsSecret: Secret;
  private readonly statsPort: number;
  private readonly httpRoutes: (() => HttpRoute)[] = [];
  private readonly redisRoutes: (() => RedisRoute)[] = [];
  private readonly redis = new Set<RedisReplication>();

  constructor(scope: Construct, id: string, props: ProxyProps = {}) {
    super(scope, id);
    this.statsPort = props.statsPort ?? 8404;
    this.statsSecret = new Secret(`${id}-stats`);
    this.service = new Service(this, 'service', {
      name: id,
      image: ContainerImage.fromCatalog('haproxy'),
      healthCheck: HealthCheck.command(['haproxy-live']),
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(5),
    });
    this.connections = this.service.connections;
    this.service.publish({ name: 'stats', hostPort: this.statsPort, containerPort: this.statsPort });
    this.service.addFile('/config/haproxy.cfg', () => this.renderConfig());
    this.service.addFile('/config/secrets.cfg', () => this.renderSecrets());
  }

  /** Leads HTTP requests to the healthy containers behind an endpoint. */
  routeHttp(name: string, endpoint: Endpoint, props: HttpRouteProps): void {
    this.connections.allowTo(endpoint);
    // Inside the container the port is the one it was declared with, also where another instance publishes elsewhere.
    this.service.publish({ name, hostPort: props.port, containerPort: props.port });
    this.httpRoutes.push(() => ({
      name,
      port: props.port,
      service: endpoint.service.name,
      servers: upstreams(endpoint),
      balance: props.balance ?? 'roundrobin',
      healthPath: props.healthPath ?? '/health',
      checkInterval: props.checkInterval ?? Duration.seconds(1),
      fall: props.fall ?? 3,
      rise: props.rise ?? 1,
      maxConnections: props.maxConnections ?? 200,
      queueTimeout: props.queueTimeout ?? Duration.seconds(2),
      responseTimeout: props.responseTimeout ?? Duration.seconds(10),
      maxRequestSize: props.maxRequestSize ?? Size.mebibytes(1),
    }));
  }

  /** Leads Redis and Sentinel clients on the host to the master, the replicas, each Sentinel and, if wanted, each node. */
  routeRedis(redis: RedisReplication, props: RedisRouteProps): void {
    this.connections.allowTo(redis.endpoint);
    this.connections.allowTo(redis.sentinel);
    this.redis.add(redis);
    this.addRedisRoute('redis-master', props.masterPort, 'master', redis.endpoint);
    this.addRedisRoute('redis-replicas', props.replicasPort, 'replica', redis.endpoint);
    this.addOnePortEach('sentinel', props.sentinelPort, redis.sentinel);
    if (props.nodePort !== undefined) this.addOnePortEach('redis-node', props.nodePort, redis.endpoint);
  }

  publishes(name: string): boolean {
    return this.service.published.some((port) => port.name === name);
  }
  /** The host port of a published name, in this deployment. */
  hostPort(name: string): number {
    const port = this.service.published.find((candidate) => candidate.name === name);
    if (!port) throw new Error(`the proxy publishes nothing called ${name}`);
    return this.service.deployment.hostPort(name, port.hostPort);
  }

  private addOnePortEach(name: string, firstPort: number, endpoint: Endpoint): void {
    for (const { index } of endpoint.service.instances) {
      this.addRedisRoute(`${name}-${index}`, firstPort + index, 'any', endpoint, index);
    }
  }
  private addRedisRoute(name: string, port: number, role: RedisRoute['role'], endpoint: Endpoint, only?: number): void {
    this.service.publish({ name, hostPort: port, containerPort: port });
    this.redisRoutes.push(() => ({
      name,
      port,
      role,
      servers: upstreams(endpoint).filter((_, index) => only === undefined || index === only),
    }));
  }

  private renderConfig(): string {
    const [redis] = this.redis;
    return renderProxyConfig({
      bindAddress: this.service.edgeAddress(0),
      statsPort: this.statsPort,
      http: this.httpRoutes.map((route) => route()).sort(byName),
      redis: this.redisRoutes.map((route) => route()).sort(byName),
      masterNeedsReplica: [...this.redis].every(({ minReplicasToWrite }) => minReplicasToWrite > 0),
      probeUser: redis?.users.probe.name ?? '',
    });
  }
  /** `setenv` keeps passwords out of the command line and of `docker inspect`. */
  private renderSecrets(): string {
    const [redis] = this.redis;
    const probe = redis ? [`    setenv PROBE_PASSWORD "${redis.users.probe.secret.plain}"`] : [];
    return ['global', `    setenv STATS_PASSWORD "${this.statsSecret.plain}"`, ...probe, ''].join('\n');
  }
}

/** The order in which routes were declared has no meaning. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function upstreams(endpoint: Endpoint): Upstream[] {
  return endpoint.service.instances.map(({ index, name }) => ({
    name,
    address: endpoint.address(index),
    port: endpoint.port,
  }));
}
