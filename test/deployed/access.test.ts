import { describe, expect } from '@jest/globals';
import type { Redis } from 'ioredis';
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
    const users: RedisUser[] = ['admin', 'app', 'node', 'probe', 'replication', 'sentinel'];
    for (const username of users) {
      const wrong = { username, password: `${platform().login(username).password}x` };
      expect(await unexpected(platform().atMaster(wrong), ['PING'], UNKNOWN)).toEqual([]);
    }
    const borrowed = { username: 'app', password: platform().sentinelLogin('app').password };
    expect(await unexpected(platform().atMaster(borrowed), ['PING'], UNKNOWN)).toEqual([]);
  });

  it("the applications' user may work with all data and administer nothing", async () => {
    const allowed = [
      'PING',
      'SET access:a 1',
      'GET access:a',
      'INFO replication',
      'WAIT 0 1',
      'EVAL return(1) 0',
      'DEL access:a',
    ];
    expect(await unexpected(platform().atMaster(), allowed, ALLOWED)).toEqual([]);
    expect(await unexpected(platform().atMaster(), ADMINISTRATION, REFUSED)).toEqual([]);
  });

  const parts: readonly [RedisUser, readonly string[], readonly string[]][] = [
    ['probe', ['PING', 'ROLE', 'INFO replication'], []],
    ['node', ['PING', 'INFO'], ['CONFIG SET']],
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
    `SENTINEL MASTER ${master}`,
    'SENTINEL SIMULATE-FAILURE help',
    'ACL LIST',
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

  it("the applications' user finds the master and changes nothing", async () => {
    const { masterName } = platform().outputs.redis;
    const find = [
      'PING',
      ...['GET-MASTER-ADDR-BY-NAME', 'SENTINELS', 'REPLICAS'].map((what) => `SENTINEL ${what} ${masterName}`),
    ];
    for (const sentinel of platform().sentinels) {
      const app = () => platform().atSentinel(sentinel, platform().sentinelLogin('app'));
      expect(await unexpected(app(), find, ALLOWED)).toEqual([]);
      expect(await unexpected(app(), [...CHANGES(masterName), 'PUBLISH news x', 'SUBSCRIBE news'], REFUSED)).toEqual(
        [],
      );
    }
  });

  const parts: readonly [SentinelUser, readonly string[]][] = [
    // Of the changes, the supervisor of a node may ask for a failover and read about the master.
    ['node', ['SENTINEL FAILOVER', 'SENTINEL MASTER']],
    ['peer', []],
  ];
  for (const [user, mayStart] of parts) {
    it(`the user ${user} may do its part and nothing else`, async () => {
      const { masterName } = platform().outputs.redis;
      const refused = CHANGES(masterName).filter((command) => !mayStart.some((start) => command.startsWith(start)));
      for (const sentinel of platform().sentinels) {
        const client = () => platform().atSentinel(sentinel, platform().sentinelLogin(user));
        expect(await unexpected(client(), ['PING'], ALLOWED)).toEqual([]);
        expect(await unexpected(client(), refused, REFUSED)).toEqual([]);
      }
    });
  }
});
