import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { Modelled } from '../core/modelled.js';
import { PlatformError } from '../core/platform-error.js';
import { Secret } from '../core/secret.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../core/connections.js';
import type { Endpoint } from '../core/endpoint.js';
import type { RedisReplication } from '../redis/redis-replication.js';
import {
  type HttpRouteModel,
  type HttpRouteProps,
  type ProxyModel,
  type RedisRole,
  type RedisRouteModel,
  resolveHttpRoute,
  resolveProxy,
  resolveRedisRoute,
  type Target,
} from './model.js';
import { type ProxyAddresses, renderProxyConfig, renderProxySecrets } from './render-config.js';

export interface ProxyProps {
  /** Host port of the statistics page. @default 8404 */
  readonly statsPort?: number;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
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
export class Proxy extends Modelled implements IConnectable {
  readonly connections: Connections;
  readonly service: Service;
  /** Of the statistics page's user `admin`. */
  readonly statsSecret: Secret;
  private readonly resolved: ProxyModel;
  private readonly httpRoutes: HttpRouteModel[] = [];
  private readonly redisRoutes: (() => RedisRouteModel)[] = [];
  private readonly endpoints = new Map<string, Endpoint>();

  constructor(scope: Construct, id: string, props: ProxyProps = {}) {
    super(scope, id);
    this.resolved = resolveProxy(id, props.statsPort ?? 8404);
    const { service, statistics } = this.resolved;
    this.statsSecret = new Secret(statistics.secret);
    this.service = new Service(this, 'service', {
      name: service,
      image: ContainerImage.fromCatalog('haproxy'),
      healthCheck: HealthCheck.command(['haproxy-live']),
      reload: ['haproxy-reload', '--if-changed'],
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(5),
    });
    this.connections = this.service.connections;
    this.service.publish({ name: 'stats', hostPort: statistics.port, containerPort: statistics.port });
    this.service.addFile('/config/haproxy.cfg', () => renderProxyConfig(this.model, this.addresses()));
    this.service.addFile('/config/secrets.cfg', () => renderProxySecrets(this.model));
  }

  get model(): ProxyModel {
    return {
      ...this.resolved,
      http: this.httpRoutes.toSorted(byName),
      redis: this.redisRoutes.map((route) => route()).sort(byName),
    };
  }

  /**
   * Leads HTTP requests to the healthy containers behind an endpoint.
   * @throws PlatformError with all settings that cannot be
   */
  routeHttp(name: string, endpoint: Endpoint, props: HttpRouteProps): void {
    const { route, problems } = resolveHttpRoute(this.node.id, name, this.target(endpoint), props);
    if (problems.length > 0) throw PlatformError.all(problems);
    this.connections.allowTo(endpoint);
    // Inside the container the port is the one it was declared with, also where another instance publishes elsewhere.
    this.service.publish({ name, hostPort: route.port, containerPort: route.port });
    this.httpRoutes.push(route);
  }

  /** Leads Redis and Sentinel clients on the host to the master, the replicas, each Sentinel and, if wanted, each node. */
  routeRedis(redis: RedisReplication, props: RedisRouteProps): void {
    this.connections.allowTo(redis.endpoint);
    this.connections.allowTo(redis.sentinel);
    this.addRedisRoute('redis-master', props.masterPort, 'master', redis, redis.endpoint);
    this.addRedisRoute('redis-replicas', props.replicasPort, 'replica', redis, redis.endpoint);
    this.addOnePortEach('sentinel', props.sentinelPort, redis, redis.sentinel);
    if (props.nodePort !== undefined) this.addOnePortEach('redis-node', props.nodePort, redis, redis.endpoint);
  }

  /** The host port of a published name, in this deployment. */
  hostPort(name: string): number {
    const port = this.service.published.find((candidate) => candidate.name === name);
    if (!port) throw new Error(`the proxy publishes nothing called ${name}`);
    return this.service.deployment.hostPort(name, port.hostPort);
  }

  private addOnePortEach(name: string, firstPort: number, redis: RedisReplication, endpoint: Endpoint): void {
    for (const { index } of endpoint.service.instances) {
      this.addRedisRoute(`${name}-${index}`, firstPort + index, 'any', redis, endpoint, index);
    }
  }
  private addRedisRoute(
    name: string,
    port: number,
    role: RedisRole,
    redis: RedisReplication,
    endpoint: Endpoint,
    only?: number,
  ): void {
    this.service.publish({ name, hostPort: port, containerPort: port });
    const to = this.target(endpoint, only);
    this.redisRoutes.push(() => resolveRedisRoute({ name, port, role, to }, redis.model));
  }

  private target(endpoint: Endpoint, only?: number): Target {
    const { service, segment, port } = endpoint;
    this.endpoints.set(segment.name, endpoint);
    const instances = service.instances.filter(({ index }) => only === undefined || index === only);
    return { service: service.name, endpoint: segment.name, port, servers: instances.map(({ name }) => name) };
  }
  private addresses(): ProxyAddresses {
    return {
      own: this.service.edgeAddress(0),
      server: (name, server) => {
        const endpoint = this.endpoints.get(name);
        const instance = endpoint?.service.instances.find((one) => one.name === server);
        if (!endpoint || !instance) throw new Error(`the proxy leads to no ${server} of ${name}`);
        return endpoint.address(instance.index);
      },
    };
  }
}

/** The order in which routes were declared has no meaning. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
