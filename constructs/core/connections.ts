import type { Endpoint } from './endpoint.js';

/** Something that allow rules can be declared for. */
export interface IConnectable {
  readonly connections: Connections;
}

/** The allow rules of one service. Without a rule there is no connection. */
export class Connections implements IConnectable {
  private readonly rules = new Set<Endpoint>();

  get connections(): this {
    return this;
  }
  /** Lets this service connect to an endpoint. Saying it twice is harmless. */
  allowTo(endpoint: Endpoint): void {
    this.rules.add(endpoint);
  }
  /** The endpoints that may be connected to, ordered by name. */
  get allowed(): readonly Endpoint[] {
    return [...this.rules].sort((a, b) => (a.segment.name < b.segment.name ? -1 : 1));
  }
}
