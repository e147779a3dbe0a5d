import type { Deployment } from './deployment.js';
import type { Instance } from './instance.js';
import type { Offer } from './output.js';
import { PlatformError } from './platform-error.js';
import { slotFor, SLOTS } from './address-plan.js';

/** A network of its own: one endpoint's, or the edge. */
export interface Segment {
  /** Unique in the deployment, e.g. `redis-sentinel`. */
  readonly name: string;
  /** Its place in the address plan. */
  readonly slot: number;
  /** Without a way out. Only the edge, which publishes ports, is not internal. */
  readonly internal: boolean;
}

/** Whose endpoint it is, as far as an endpoint cares. */
export interface EndpointOwner {
  readonly deployment: Deployment;
  readonly name: string;
  readonly instances: readonly Instance[];
}

export interface EndpointProps {
  /** 1-65535. */
  readonly port: number;
  /**
   * Whether the service listens on its own address (and loopback) only. A service that can only listen on every
   * address says `all`: every service that shares any network with it then reaches the port, and topology.json says so.
   * @default 'own'
   */
  readonly listen?: 'own' | 'all';
  /** What clients on the host are told of it, where a proxy leads to it. @default its name */
  readonly offer?: Offer;
  /** Place in the address plan, 0-31. @default fixed for built-in segments, by name hash for others */
  readonly slot?: number;
}

/**
 * One port of one service, with a network of its own. Only services with a rule (`connections.allowTo(endpoint)`) are
 * members of that network, so only they can connect.
 */
export class Endpoint {
  readonly port: number;
  readonly listen: 'own' | 'all';
  readonly segment: Segment;
  readonly offer: Offer;

  /** @throws PlatformError if there can be no such port or slot */
  constructor(
    readonly service: EndpointOwner,
    readonly id: string,
    props: EndpointProps,
  ) {
    checkWhole(`${service.name}/${id}: the port`, props.port, 1, 65_535, 'Name the port that the service listens on.');
    checkWhole(`${service.name}/${id}: the slot`, props.slot ?? 0, 0, SLOTS - 1, 'Leave it out, or choose a free one.');
    this.port = props.port;
    this.listen = props.listen ?? 'own';
    // A service's main endpoint carries the service's name alone: `redis`, not `redis-redis`.
    const name = id === service.name ? id : `${service.name}-${id}`;
    this.segment = { name, slot: slotFor(name, props.slot), internal: true };
    this.offer = props.offer ?? { what: name };
  }

  /** The static address of one instance of the service. */
  address(index: number): string {
    return this.service.deployment.addresses.owner(this.segment.slot, index);
  }
  /** The static addresses of all instances, in order. */
  get addresses(): string[] {
    return this.service.instances.map((instance) => this.address(instance.index));
  }
}

function checkWhole(what: string, got: number, min: number, max: number, fix: string): void {
  if (Number.isInteger(got) && got >= min && got <= max) return;
  throw new PlatformError({
    what: `${what} cannot be used`,
    got,
    allowed: `a whole number from ${min} to ${max}`,
    fix,
  });
}
