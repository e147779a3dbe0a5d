import { type Granted, type GrantOptions, namedSettings } from '../core/grants.js';
import type { Rules } from '../core/model.js';
import type { RedisAccess } from './users.js';

/** What every client is told, by the name of the environment variable. */
export const CLIENT_SETTINGS = [
  'REDIS_SENTINELS',
  'REDIS_MASTER_NAME',
  'REDIS_USERNAME',
  'REDIS_PASSWORD_FILE',
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD_FILE',
] as const;
/** And what it is told where it has a prefix. */
export const REDIS_SETTINGS = [...CLIENT_SETTINGS, 'REDIS_KEY_PREFIX'] as const;
export type RedisSetting = (typeof REDIS_SETTINGS)[number];

export interface RedisGrantOptions extends GrantOptions<RedisSetting> {
  /**
   * Only keys, and channels, that begin with it; ends with a slash, e.g. `orders/`. What would show or change others whatever their
   * name is refused then: `SCAN`, `RANDOMKEY`, `PUBSUB`, `CLIENT TRACKING`, `FUNCTION`, `SCRIPT FLUSH`.
   * @default all
   */
  readonly prefix?: string;
}

/** How one service may use a Redis. */
export type RedisGranted = Granted<RedisAccess, RedisSetting>;

export const REDIS_ACCESSES: readonly RedisAccess[] = ['read', 'readWrite'];
/** No blank and none of the characters that patterns are made of. */
const PREFIX = /^(?:[\w.:-]+\/)+$/;

export function checkPrefix(rules: Rules, { prefix }: RedisGrantOptions): void {
  if (prefix === undefined || PREFIX.test(prefix)) return;
  const allowed = 'letters, digits, _ . : and -, with a slash at the end and between parts';
  rules.refuse('prefix', prefix, allowed, 'Use e.g. `orders/`, or leave it out for all keys.');
}

/** Environment variables of the client. No password is among them. */
export function renderSettings(
  grant: RedisGranted,
  at: {
    readonly sentinels: readonly string[];
    readonly masterName: string;
    readonly passwordFile: string;
    readonly sentinelPasswordFile: string;
  },
): Record<string, string> {
  const { client, prefix } = grant;
  return namedSettings(grant, {
    REDIS_SENTINELS: at.sentinels.join(','),
    REDIS_MASTER_NAME: at.masterName,
    REDIS_USERNAME: client,
    REDIS_PASSWORD_FILE: at.passwordFile,
    REDIS_SENTINEL_USERNAME: client,
    REDIS_SENTINEL_PASSWORD_FILE: at.sentinelPasswordFile,
    ...(prefix !== null && { REDIS_KEY_PREFIX: prefix }),
  });
}
