import { lines } from '../core/lines.js';
import { Secret } from '../core/secret.js';

/** A user with no more rights than its part needs; `default` is off everywhere. */
export interface User {
  readonly name: string;
  readonly secret: Secret;
  /** Redis ACL rules, without name and password. */
  readonly rules: string;
}

/** What a client may do with the data. */
export type RedisAccess = 'read' | 'readWrite';

/** How a master is kept from confirming what a failover would throw away; see `RedisReplicationProps.fencing`. */
export type Fencing = 'lease' | 'off';

/** The commands of the module `rplease`. Redis refuses an ACL file that names commands it does not know. */
const LEASE_COMMANDS = ['rp.lease', 'rp.fence', 'rp.unfence'];
const allow = (commands: readonly string[]) => commands.map((command) => ` +${command}`).join('');
const refuse = (commands: readonly string[]) => commands.map((command) => ` -${command}`).join('');

/**
 * What client libraries ask a Sentinel. All channels, as some subscribe to patterns, and Redis compares these as text; nobody but a
 * Sentinel may publish there.
 */
const READ_BY_CLIENTS = [
  ...['ping', 'hello', 'auth', 'role', 'info', 'command'],
  ...['client|id', 'client|info', 'client|setname', 'client|setinfo', 'client|getname'],
  ...['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe'],
  ...['sentinel|get-master-addr-by-name', 'sentinel|master', 'sentinel|masters', 'sentinel|myid'],
  ...['sentinel|sentinels', 'sentinel|replicas', 'sentinel|slaves'],
];

/** Show or change what other clients have, whatever its name is. */
const PAST_PREFIXES = ['scan', 'randomkey', 'pubsub', 'client|tracking', 'function', 'script|flush'];

/**
 * What clients may do on the nodes: nothing that administers or endangers the server. They look at the role of what they connected to.
 * @param prefix of keys and channels; null for all
 */
function clientRules(access: RedisAccess, prefix: string | null, fencing: Fencing): string {
  const lease = fencing === 'lease' ? LEASE_COMMANDS : [];
  const commands = access === 'readWrite' ? '+@all' : '+@read +@connection +@transaction';
  const names = `~${prefix ?? ''}* ${access === 'readWrite' ? `&${prefix ?? ''}*` : 'resetchannels'}`;
  const refused = [...lease, ...(prefix === null ? [] : PAST_PREFIXES)];
  return `${names} -@all ${commands} -@admin -@dangerous +info +role +wait${refuse(refused)}`;
}

/** What clients may do on the Sentinels. */
const SENTINEL_CLIENT = `&* -@all${allow(READ_BY_CLIENTS)}`;

/** Who may do what on the Redis nodes. The rights carried whole failovers with an empty ACL LOG. */
export function redisUsers(prefix: string, fencing: Fencing) {
  const leaseCommands = fencing === 'lease' ? LEASE_COMMANDS : [];
  const user = (name: string, rules: string): User => ({ name, secret: new Secret(`${prefix}-${name}`), rules });
  return {
    /** People and `npm run status`. A lease granted by hand would be a promise that nobody made. */
    admin: user('admin', `~* &* +@all${refuse(leaseCommands)}`),
    /** People's programs, outside of the platform: all data. Services get users of their own. */
    app: user('app', clientRules('readWrite', null, fencing)),
    /** The supervisor in each node's container. */
    node: user(
      'node',
      `resetchannels -@all +ping +info +config|set${allow(fencing === 'lease' ? [...LEASE_COMMANDS, 'client|kill'] : [])}`,
    ),
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

/** Scheduled backups, where there are any: they ask how far a node is, and for a snapshot. */
export function backupUser(prefix: string): User {
  return {
    name: 'backup',
    secret: new Secret(`${prefix}-backup`),
    rules: 'resetchannels -@all +info +replconf +psync',
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
    /** People. To fail over they stop the master's container: it is fenced first, and nothing is lost. */
    admin: user('admin', '~* &* +@all -sentinel|failover'),
    /** Applications: find the master and hear of a new one, by whatever of it their client reads; never change anything. */
    app: user('app', SENTINEL_CLIENT),
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

/** The users of a service that something was granted to: on the nodes and, with a password of its own, on the Sentinels. */
export function clientUsers(
  redis: string,
  fencing: Fencing,
  { client, access, prefix }: { readonly client: string; readonly access: RedisAccess; readonly prefix: string | null },
): { readonly node: User; readonly sentinel: User } {
  return {
    node: { name: client, secret: new Secret(`${redis}-${client}`), rules: clientRules(access, prefix, fencing) },
    sentinel: { name: client, secret: new Secret(`${redis}-sentinel-${client}`), rules: SENTINEL_CLIENT },
  };
}

/** Whether a client cannot be called so: it would be another user, or share a secret with one on the Sentinels. */
export function isReserved(name: string): boolean {
  const users = { ...redisUsers('', 'off'), ...sentinelUsers('') };
  const names = ['default', backupUser('').name, ...Object.keys(users)];
  return names.includes(name) || name.startsWith('sentinel-');
}

export type RedisUsers = ReturnType<typeof redisUsers>;
export type SentinelUsers = ReturnType<typeof sentinelUsers>;

/** A user as the model has it. */
export interface UserModel {
  readonly name: string;
  /** Name of the secret with the password; null of a user that nobody can log in as. */
  readonly secret: string | null;
  /** Redis ACL rules, in the order in which they apply. */
  readonly rules: readonly string[];
}

/** Everybody who has rights, `default` too. */
export function usersModel(users: RedisUsers | SentinelUsers): UserModel[] {
  const all: User[] = Object.values(users);
  return [
    { name: 'default', secret: null, rules: ('replication' in users ? OFF_WITH_RIGHTS : OFF).split(' ') },
    ...all.map(userModel),
  ];
}

export function userModel({ name, secret, rules }: User): UserModel {
  return { name, secret: secret.name, rules: rules.split(' ') };
}

/** An ACL file; passwords only as hashes. */
export function renderAclFile(users: readonly UserModel[]): string {
  return lines(
    ...users.map(({ name, secret, rules }) => {
      const password = secret === null ? 'off resetpass' : `on #${new Secret(secret).sha256}`;
      return `user ${name} ${password} ${rules.join(' ')}`;
    }),
  );
}

const OFF = 'resetkeys resetchannels -@all';
/**
 * Nobody can log in as a user that is off, but Redis 8.0 replays the append-only file as `default`: without rights, what
 * transactions and scripts wrote would be dropped at each start, silently (redis/redis#14541).
 */
const OFF_WITH_RIGHTS = '~* &* +@all';
