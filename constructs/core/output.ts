/** Something that is reached from the host, and what its clients need. */
export interface Output extends Offer {
  /** Unique in the deployment: the published port's name, with the parts of a route's prefix after it, e.g. `http:py`. */
  readonly id: string;
  readonly url: string;
}

/** What whoever provides something says of it; where it is, the proxy knows. Plain data, without secrets. */
export interface Offer {
  /** For people, e.g. `Redis master`. */
  readonly what: string;
  /** Who logs in. @default nobody has to */
  readonly user?: string;
  /** Name of the secret with the user's password. */
  readonly secret?: string;
  readonly settings?: OfferSettings;
}

export interface OfferSettings {
  /** By which programs find it. */
  readonly role?: OfferRole;
  /** By which Sentinels are asked for the master. */
  readonly masterName?: string;
  /** Addresses inside of the platform, with ports, of what it leads to: Sentinels name these. */
  readonly inside?: readonly string[];
  readonly flavour?: 'elastic' | 'debian';
  /** Matches all indices with lines. */
  readonly indexPattern?: string;
}

export const OFFER_ROLES = [
  'api',
  'master',
  'replica',
  'node',
  'sentinel',
  'statistics',
  'log store',
  'log ui',
] as const;
export type OfferRole = (typeof OFFER_ROLES)[number];
