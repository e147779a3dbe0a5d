import { Secret } from '../core/secret.js';

/** A user with no more rights than its part needs; `default` is off everywhere. */
interface User {
  readonly name: string;
  readonly secret: Secret;
  /** Redis ACL rules, without name and password. */
  readonly rules: string;
}

/** Who may do what on the Redis nodes. The rights carried whole failovers with an empty ACL LOG. */
export function redisUsers(prefix: string) {
  const user = (name: string, rules: string): User => ({ name, secret: new Secret(`${prefix}-${name}`), rules });
  return {
    /** People and `npm run status`. */
    admin: user('admin', '~* &* +@all'),
    /** Applications: all data, nothing that administers or endangers the server. */
    app: user('app', '~* &* -@all +@all -@admin -@dangerous +info +wait'),
    /** The supervisor in each node's container. */
    node: user('node', 'resetchannels -@all +ping +info +config|set'),
    /** The proxy's checks. */
    probe: user('probe', 'resetchannels -@all +ping +role +info'),
    /** A replica towards its master. */
    replication: user('replication', 'resetchannels -@all +psync +replconf +ping'),
    sentinel: user(
      'sentinel',
      'resetchannels &__sentinel__:hello -@all +ping +info +multi +exec +slaveof +config|rewrite +role +publish +subscribe +client|setname +client|kill +script|kill',
    ),
  };
}

/** Who may do what on the Sentinels. */
export function sentinelUsers(prefix: string) {
  const user = (name: string, rules: string): User => ({
    name,
    secret: new Secret(`${prefix}-sentinel-${name}`),
    rules,
  });
  return {
    admin: user('admin', '~* &* +@all'),
    /** Applications: find the master and hear of a new one, never change anything. */
    app: user(
      'app',
      'resetchannels &+switch-master &+replica-reconf-done -@all +ping +hello +auth +client|setname +client|setinfo +subscribe +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas +sentinel|slaves',
    ),
    /** The supervisor in each node's container: asks who is master, starts a planned failover. */
    node: user(
      'node',
      'resetchannels -@all +ping +sentinel|master +sentinel|get-master-addr-by-name +sentinel|failover',
    ),
    /** The other Sentinels. */
    peer: user(
      'peer',
      'resetchannels &__sentinel__:hello -@all +ping +publish +client|setname +sentinel|is-master-down-by-addr',
    ),
  };
}

export type RedisUsers = ReturnType<typeof redisUsers>;
export type SentinelUsers = ReturnType<typeof sentinelUsers>;

/** An ACL file; passwords only as hashes. */
export function renderAclFile(users: RedisUsers | SentinelUsers): string {
  const all: User[] = Object.values(users);
  return [
    `user default off resetpass ${'replication' in users ? OFF_WITH_RIGHTS : OFF}`,
    ...all.map(({ name, secret, rules }) => `user ${name} on #${secret.sha256} ${rules}`),
    '',
  ].join('\n');
}

const OFF = 'resetkeys resetchannels -@all';
/**
 * Nobody can log in as a user that is off, but Redis 8.0 replays the append-only file as `default`: without rights, what
 * transactions and scripts wrote would be dropped at each start, silently (redis/redis#14541).
 */
const OFF_WITH_RIGHTS = '~* &* +@all';
