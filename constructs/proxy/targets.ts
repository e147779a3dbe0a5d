import type { Endpoint } from '../core/endpoint.js';
import type { Rules } from '../core/model.js';
import type { Offer } from '../core/output.js';
import type { Service } from '../core/service.js';
import type { Target, TcpCheck, TcpRole } from './model.js';

/** What a TCP port can lead to: said by whoever knows what is spoken there. */
export interface TcpTarget {
  readonly endpoint: Endpoint;
  /** Index of the only container that is meant. @default all of them */
  readonly instance?: number;
  readonly role: TcpRole;
  /** Called late, when the tree is complete. Null: a server need only take the connection. */
  readonly check: () => TcpCheck | null;
  /** How its URL begins, e.g. `redis`. */
  readonly scheme: string;
  /** What clients on the host are told of it. Called late, when the tree is complete. */
  readonly offer: () => Offer;
}

/** The endpoints that a proxy leads to. */
export class Targets {
  private readonly endpoints = new Map<string, Endpoint>();

  /** @param service the proxy's */
  constructor(private readonly service: Service) {}

  /** Refuses what no packet could get to. */
  check(rules: Rules, { service }: Endpoint): void {
    const [here, there] = [this.service.deployment.name, service.deployment.name];
    if (here === there) return;
    const fix = 'Lead to a service of the same stack: no packet gets from one deployment to another.';
    rules.refuse('endpoint', `one of ${service.name} in ${there}`, `an endpoint of ${here}`, fix);
  }
  /** With the rule that it takes. */
  add(endpoint: Endpoint): void {
    this.service.connections.allowTo(endpoint);
    this.endpoints.set(endpoint.segment.name, endpoint);
  }
  /** @throws Error if the proxy leads to no such server */
  address(name: string, server: string): string {
    const endpoint = this.endpoints.get(name);
    const instance = endpoint?.service.instances.find((one) => one.name === server);
    if (!endpoint || !instance) throw new Error(`the proxy leads to no ${server} of ${name}`);
    return endpoint.address(instance.index);
  }
}

/** As the model has it. */
export function describeTarget({ service, segment, port }: Endpoint, only?: number): Target {
  const instances = service.instances.filter(({ index }) => only === undefined || index === only);
  return { service: service.name, endpoint: segment.name, port, servers: instances.map(({ name }) => name) };
}
