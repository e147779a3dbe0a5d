/** What a service may do with what a construct provides: as topology.json has it. */
export interface Grant {
  /** The service. */
  readonly client: string;
  /** The construct's model, by kind and name. */
  readonly kind: string;
  readonly target: string;
  /** A word of the target's: of Redis, `read` or `readWrite`. */
  readonly access: string;
  /** Only what has a name that begins with it, e.g. `orders/`; null for all. */
  readonly prefix: string | null;
}

/** `read and write`, or with a prefix `read and write orders/*`. */
export function inWords({ access, prefix }: Pick<Grant, 'access' | 'prefix'>): string {
  const word = access === 'readWrite' ? 'read and write' : access;
  return prefix === null ? word : `${word} ${prefix}*`;
}
