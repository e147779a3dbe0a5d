import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { Rules } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import type { Output } from '../core/output.js';
import { PlatformError } from '../core/platform-error.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../core/connections.js';
import { Listener } from './listener.js';
import {
  checkListener,
  type ListenerProps,
  type ProxyModel,
  resolveListener,
  resolveProxy,
  resolveTcpRoute,
  type TcpRouteModel,
} from './model.js';
import { type ProxyAddresses, renderProxyConfig, renderProxySecrets } from './render-config.js';
import { describeTarget, Targets, type TcpTarget } from './targets.js';

export interface ProxyProps {
  /** Host port of the statistics page. @default 8404 */
  readonly statsPort?: number;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
}

/** HAProxy: the only service that publishes ports, and the only way from the host into the platform. */
export class Proxy extends Modelled implements IConnectable {
  readonly connections: Connections;
  readonly service: Service;
  private readonly resolved: ProxyModel;
  private readonly listeners: Listener[] = [];
  private readonly tcpRoutes: { readonly model: () => TcpRouteModel; readonly target: TcpTarget }[] = [];
  /** Names by ports. */
  private readonly taken = new Map<number, string>();
  private readonly targets: Targets;

  constructor(scope: Construct, id: string, props: ProxyProps = {}) {
    super(scope, id);
    this.resolved = resolveProxy(id, props.statsPort ?? 8404);
    const { service, statistics } = this.resolved;
    this.service = new Service(this, 'service', {
      name: service,
      image: ContainerImage.fromCatalog('haproxy'),
      healthCheck: HealthCheck.command(['haproxy-live']),
      reload: ['haproxy-reload', '--if-changed'],
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(5),
    });
    this.connections = this.service.connections;
    this.targets = new Targets(this.service);
    this.publish('stats', statistics.port);
    this.service.addFile('/config/haproxy.cfg', () => renderProxyConfig(this.model, this.addresses()));
    this.service.addFile('/config/secrets.cfg', () => renderProxySecrets(this.model));
    this.node.addValidation({ validate: () => this.unused() });
  }

  get model(): ProxyModel {
    return {
      ...this.resolved,
      http: this.listeners.map(({ model }) => model).sort(byName),
      tcp: this.tcpRoutes.map(({ model }) => model()).sort(byName),
    };
  }

  override get outputs(): readonly Output[] {
    const { user, secret } = this.resolved.statistics;
    return [
      ...this.listeners.toSorted(byName).flatMap((listener) => listener.outputs(this.url('http', listener.name))),
      // Those of one service in the order of its containers, of which the tenth is no neighbour of the first.
      ...this.tcpRoutes
        .map(({ model, target: { scheme, offer } }) => ({ name: model().name, port: model().port, scheme, offer }))
        .sort((a, b) => a.port - b.port)
        .map(({ name, scheme, offer }) => ({ id: name, url: this.url(scheme, name), ...offer() })),
      {
        id: 'stats',
        what: 'Statistics page',
        url: `${this.url('http', 'stats')}/`,
        user,
        secret,
        settings: { role: 'statistics' },
      },
    ];
  }

  /**
   * A port of the host where HTTP is spoken: `listen('http', { port: 8080 }).route('/', api.http)`.
   * @param name of the published port
   * @throws PlatformError with all that cannot be: a name or a port that is taken, a setting out of its range
   */
  listen(name: string, props: ListenerProps): Listener {
    const { listener: resolved, problems } = resolveListener(this.node.id, name, props, this.taken);
    if (problems.length > 0) throw PlatformError.all(problems);
    this.publish(name, props.port);
    const listener = new Listener(resolved, this.targets);
    this.listeners.push(listener);
    return listener;
  }

  /**
   * A port of the host that leads to one target, whatever is spoken there. Several targets get one port each, from this one on,
   * and a number after the name: `sentinel-0`.
   * @throws PlatformError with all that cannot be: a name or a port that is taken, an endpoint of another deployment
   */
  listenTcp(
    name: string,
    { port: first }: Pick<ListenerProps, 'port'>,
    targets: TcpTarget | readonly TcpTarget[],
  ): void {
    const each = isList(targets)
      ? targets.map((target, index) => ({ name: `${name}-${index}`, port: first + index, target }))
      : [{ name, port: first, target: targets }];
    const problems = each.flatMap(({ target, ...listener }) => {
      const rules = new Rules(`${this.node.id}.listenTcp(${listener.name})`);
      checkListener(rules, listener, this.taken);
      this.targets.check(rules, target.endpoint);
      return rules.problems;
    });
    if (problems.length > 0) throw PlatformError.all(problems);
    for (const { target, ...listener } of each) {
      const { endpoint, instance, role, check } = target;
      this.publish(listener.name, listener.port);
      this.targets.add(endpoint);
      const route = { ...listener, role, to: describeTarget(endpoint, instance) };
      this.tcpRoutes.push({ model: () => resolveTcpRoute(route, check()), target });
    }
  }

  /** Of a published port, for clients on this host. */
  private url(scheme: string, name: string): string {
    const { deployment, published } = this.service;
    const { publishAddress } = deployment;
    const declared = published.find((port) => port.name === name)?.hostPort ?? 0;
    const host = publishAddress === '0.0.0.0' ? '127.0.0.1' : publishAddress;
    return `${scheme}://${host}:${deployment.hostPort(name, declared)}`;
  }
  private publish(name: string, port: number): void {
    this.taken.set(port, name);
    // Inside the container the port is the one it was declared with, also where another instance publishes elsewhere.
    this.service.publish({ name, hostPort: port, containerPort: port });
  }
  private unused(): string[] {
    const without = this.listeners.filter(({ model }) => model.routes.length === 0);
    return without.map(
      ({ name }) => `${this.node.id}.listen(${name}) has no route: add one, .route('/', endpoint), or leave it out.`,
    );
  }
  private addresses(): ProxyAddresses {
    return { own: this.service.edgeAddress(0), server: (name, server) => this.targets.address(name, server) };
  }
}

function isList(targets: TcpTarget | readonly TcpTarget[]): targets is readonly TcpTarget[] {
  return Array.isArray(targets);
}

/** The order in which routes were declared has no meaning. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
