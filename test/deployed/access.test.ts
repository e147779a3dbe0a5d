import { describe, expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { clientUsers, type RedisAccess } from '../../constructs/redis/users.js';
import { it, usePlatform } from '../support/live.js';
import type { Login, RedisUser, SentinelUser } from '../support/platform.js';

const platform = usePlatform();

/** The error of a command, or what it answered. */
async function answer(client: Redis, command: string): Promise<string> {
  const [name = '', ...args] = command.split(' ');
  return client.call(name, ...args).then(
    (value) => `answered ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** Each command with its answer, for those whose answer does not match. Ends the client. */
async function unexpected(client: Redis, commands: readonly string[], pattern: RegExp): Promise<string[]> {
  const answers = await Promise.all(commands.map(async (command) => [command, await answer(client, command)] as const));
  platform().disconnect(client);
  return answers.filter(([, text]) => !pattern.test(text)).map(([command, text]) => `${command}: ${text}`);
}

const UNKNOWN = /^(NOAUTH|WRONGPASS)/;
// Redis refuses DEBUG to everyone before it looks at rights.
const REFUSED = /^(NOPERM|ERR DEBUG command not allowed)/;
const ALLOWED = /^answered/;

const ADMINISTRATION = [
  'CONFIG GET *',
  'CONFIG SET maxmemory 1',
  'FLUSHALL',
  'FLUSHDB',
  'SHUTDOWN',
  'ACL LIST',
  'DEBUG JMAP',
  'REPLICAOF NO ONE',
  'CLIENT LIST',
  'CLIENT KILL ID 0',
  'KEYS *',
  'MONITOR',
  'SAVE',
  'BGREWRITEAOF',
  'MODULE LIST',
  'SYNC',
];
/** What client libraries say of themselves and ask for when they connect. */
const CONNECTING = [
  'COMMAND COUNT',
  'COMMAND DOCS ping',
  'CLIENT ID',
  'CLIENT INFO',
  'CLIENT SETNAME access',
  'CLIENT SETINFO lib-name access',
  'CLIENT GETNAME',
];
const DATA = ['GET a', 'SET a b', 'DEL a', 'EVAL return(1) 0', 'SUBSCRIBE news'];

describe('on the Redis nodes', () => {
  const asDefault: readonly [string, Partial<Login>][] = [
    ['without a login', { username: '', password: '' }],
    ['as the default user with any password', { password: 'any' }],
    ['as the default user with no password', { username: 'default', password: '' }],
    ['as a user that is not there', { username: 'nobody', password: 'any' }],
  ];
  for (const [how, login] of asDefault) {
    it(`a client ${how} is refused everything`, async () => {
      for (const node of platform().nodes) {
        const client = platform().atNode(node, login);
        expect(await unexpected(client, ['PING', 'GET a', 'INFO'], UNKNOWN)).toEqual([]);
      }
    });
  }

  it('every user is refused with a wrong password, and with its password on the Sentinels', async () => {
    const users: RedisUser[] = ['admin', 'api', 'app', 'node', 'probe', 'replication', 'sentinel'];
    const known = platform().redis.model.nodes.users.filter(({ secret }) => secret !== null);
    expect(users).toEqual(expect.arrayContaining(known.map(({ name }) => name)));
    for (const username of users) {
      const wrong = { username, password: `${platform().login(username).password}x` };
      expect(await unexpected(platform().atMaster(wrong), ['PING'], UNKNOWN)).toEqual([]);
    }
    for (const username of ['api', 'app'] as const) {
      const others = [platform().sentinelLogin(username), platform().login(username === 'api' ? 'app' : 'api')];
      for (const { password } of others) {
        expect(await unexpected(platform().atMaster({ username, password }), ['PING'], UNKNOWN)).toEqual([]);
      }
    }
  });

  for (const user of ['app', 'api'] as const) {
    it(`the user ${user} may work with all data and administer nothing`, async () => {
      const allowed = [
        'PING',
        'SET access:a 1',
        'GET access:a',
        'INFO replication',
        'ROLE',
        'WAIT 0 1',
        ...CONNECTING,
        'EVAL return(1) 0',
        'DEL access:a',
        'PSUBSCRIBE *',
      ];
      const client = () => platform().atMaster(platform().login(user));
      expect(await unexpected(client(), allowed, ALLOWED)).toEqual([]);
      expect(await unexpected(client(), ADMINISTRATION, REFUSED)).toEqual([]);
    });
  }

  it('the API is logged in as its own user', async () => {
    const admin = platform().atNode(await platform().master());
    const clients = (await admin.client('LIST')) as string;
    platform().disconnect(admin);
    const names = [...clients.matchAll(/ user=(\S+)/g)].map(([, name]) => name);
    expect(names).toContain('api');
  });

  // What a service gets, tried by a user who is there for a moment only.
  const OWN = ['GET orders/1', 'MGET orders/1 orders/2', 'EXISTS orders/1', 'MULTI', 'DISCARD', 'WATCH orders/1'];
  const CHANGES = ['SET orders/1 a', 'EXPIRE orders/1 10', 'DEL orders/1', 'PUBLISH orders/new x', 'EVAL return(1) 0'];
  const OTHERS = ['GET other', 'SET other 1', 'COPY orders/1 other', 'MGET orders/1 other', 'PUBLISH news x'];
  const PAST_PREFIXES = [
    ...['SCAN 0', 'RANDOMKEY', 'PUBSUB CHANNELS', 'CLIENT TRACKING ON BCAST'],
    ...['FUNCTION FLUSH', 'FUNCTION LIST', 'SCRIPT FLUSH', 'SUBSCRIBE __keyspace@0__:other'],
  ];
  const grants: readonly [RedisAccess, string | null, readonly string[], readonly string[]][] = [
    ['readWrite', null, [...OWN, ...CHANGES, 'SCAN 0', 'GET other', 'PUBLISH news x', 'SUBSCRIBE news'], []],
    ['readWrite', 'orders/', [...OWN, ...CHANGES, 'SUBSCRIBE orders/new'], [...OTHERS, ...PAST_PREFIXES]],
    ['read', null, [...OWN, 'GET other', 'SCAN 0', 'RANDOMKEY'], [...CHANGES, 'SET other 1', 'SUBSCRIBE news']],
    ['read', 'orders/', OWN, [...CHANGES, ...OTHERS, ...PAST_PREFIXES]],
  ];
  for (const [access, prefix, allowed, refused] of grants) {
    it(`who may ${access} ${prefix ?? 'everything'} may do that and nothing else`, async () => {
      const username = 'granted';
      const password = 'for-a-moment';
      const { fencing } = platform().redis.model;
      const { rules } = clientUsers('redis', fencing, { client: username, access, prefix }).node;
      const master = await platform().master();
      const admin = platform().atNode(master);
      await admin.call('ACL', 'SETUSER', username, 'reset', 'on', `>${password}`, ...rules.split(' '));
      try {
        const client = () => platform().atNode(master, { username, password });
        const connecting = ['PING', 'INFO replication', 'ROLE', 'WAIT 0 1', ...CONNECTING];
        expect(await unexpected(client(), [...connecting, ...allowed], ALLOWED)).toEqual([]);
        expect(await unexpected(client(), [...ADMINISTRATION, ...refused], REFUSED)).toEqual([]);
      } finally {
        await admin.call('ACL', 'DELUSER', username);
        platform().disconnect(admin);
      }
    });
  }

  const parts: readonly [RedisUser, readonly string[], readonly string[]][] = [
    ['probe', ['PING', 'ROLE', 'INFO replication'], []],
    ['node', ['PING', 'INFO'], ['CONFIG SET', 'CLIENT KILL']],
    ['replication', ['PING'], []],
    // It makes clients connect again after a change of roles.
    ['sentinel', ['PING', 'ROLE', 'INFO', 'PUBLISH __sentinel__:hello x'], ['CLIENT KILL']],
  ];
  for (const [user, allowed, mayStart] of parts) {
    it(`the user ${user} may do its part and nothing else`, async () => {
      expect(await unexpected(platform().atMaster(platform().login(user)), allowed, ALLOWED)).toEqual([]);
      const refused = [...ADMINISTRATION, ...DATA, 'PUBLISH news x'].filter(
        (command) => !mayStart.some((start) => command.startsWith(start)),
      );
      const expected = user === 'sentinel' ? refused.filter((command) => command !== 'SUBSCRIBE news') : refused;
      expect(await unexpected(platform().atMaster(platform().login(user)), expected, REFUSED)).toEqual([]);
    });
  }
});

describe('on the Sentinels', () => {
  const CHANGES = (master: string) => [
    `SENTINEL FAILOVER ${master}`,
    `SENTINEL REMOVE ${master}`,
    `SENTINEL SET ${master} quorum 1`,
    'SENTINEL MONITOR other 127.0.0.1 1 1',
    `SENTINEL RESET ${master}`,
    'SENTINEL CONFIG SET resolve-hostnames yes',
    'SENTINEL FLUSHCONFIG',
    'SENTINEL SIMULATE-FAILURE help',
    // A vote, as the Sentinels ask each other for.
    'SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *',
    // These two would show the password of the Sentinels, and a file with it.
    'SENTINEL CONFIG GET *',
    'ACL LIST',
    'ACL SETUSER app +@all',
    'CLIENT KILL ID 0',
    'CLIENT LIST',
    'PUBLISH __sentinel__:hello x',
    'SHUTDOWN',
  ];

  it('a client without a login, with a wrong password or with the password of the nodes is refused', async () => {
    const { username, password } = platform().sentinelLogin('app');
    const logins: Partial<Login>[] = [
      { username: '', password: '' },
      { username, password: `${password}x` },
      { username, password: platform().login('app').password },
    ];
    for (const sentinel of platform().sentinels) {
      for (const login of logins) {
        const client = platform().atSentinel(sentinel, login);
        expect(await unexpected(client, ['PING'], UNKNOWN)).toEqual([]);
      }
    }
  });

  for (const user of ['app', 'api'] as const) {
    it(`the user ${user} finds the master and changes nothing`, async () => {
      const { masterName } = platform().outputs.redis;
      const find = [
        'PING',
        'ROLE',
        'INFO',
        'SENTINEL MASTERS',
        'SENTINEL MYID',
        ...['GET-MASTER-ADDR-BY-NAME', 'MASTER', 'SENTINELS', 'REPLICAS', 'SLAVES'].map(
          (what) => `SENTINEL ${what} ${masterName}`,
        ),
        ...CONNECTING,
        'SUBSCRIBE +switch-master',
        'PSUBSCRIBE *',
      ];
      for (const sentinel of platform().sentinels) {
        const client = () => platform().atSentinel(sentinel, platform().sentinelLogin(user));
        expect(await unexpected(client(), find, ALLOWED)).toEqual([]);
        expect(
          await unexpected(client(), [...CHANGES(masterName), `SENTINEL SET ${masterName} auth-pass x`], REFUSED),
        ).toEqual([]);
      }
    });
  }

  const parts: readonly [SentinelUser, readonly string[]][] = [
    // Of the changes, the supervisor of a node may ask for a failover. It also reads about the master.
    ['node', ['SENTINEL FAILOVER', 'SENTINEL MASTER']],
    ['peer', ['SENTINEL IS-MASTER-DOWN-BY-ADDR', 'PUBLISH']],
  ];
  for (const [user, mayStart] of parts) {
    it(`the user ${user} may do its part and nothing else`, async () => {
      const { masterName } = platform().outputs.redis;
      const all = [...CHANGES(masterName), `SENTINEL MASTER ${masterName}`];
      const refused = all.filter((command) => !mayStart.some((start) => command.startsWith(start)));
      for (const sentinel of platform().sentinels) {
        const client = () => platform().atSentinel(sentinel, platform().sentinelLogin(user));
        expect(await unexpected(client(), ['PING'], ALLOWED)).toEqual([]);
        expect(await unexpected(client(), refused, REFUSED)).toEqual([]);
      }
    });
  }
});
