import { describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import { dev } from '../../support/dev.js';
import { parseEnvironment } from '../../../environments/schema.js';

const ports = { http: 8080, redisMaster: 6379, redisReplicas: 6380, sentinels: 26379, stats: 8404 };

/** The problems of dev with other values in some places. */
function problemsOf(change: Record<string, unknown>) {
  try {
    parseEnvironment({ ...dev, ...change });
  } catch (error) {
    if (error instanceof PlatformError) return error.problems;
    throw error;
  }
  return [];
}
const whats = (change: Record<string, unknown>) => problemsOf(change).map(({ what }) => what);

test('texts become sizes and durations; what was left out is not there', () => {
  const { redis, api, proxy } = parseEnvironment({
    ...dev,
    redis: { maxMemory: '1.5GiB', downAfter: '2s', appendOnly: 'off' },
    api: { image: ContainerImage.fromRegistry('acme/shop:1') },
  });
  expect([redis.maxMemory, redis.downAfter].map(String)).toEqual(['1536MiB', '2s']);
  expect(redis.appendOnly).toBe('off');
  expect(Object.keys(redis).sort()).toEqual(['appendOnly', 'downAfter', 'maxMemory']);
  expect(api.image?.reference).toBe('acme/shop:1');
  expect(proxy.ports).not.toHaveProperty('nodes');
});

test('only the name, the network and the ports are required', () => {
  const { name, network } = dev;
  expect(parseEnvironment({ name, network, proxy: { ports } })).toMatchObject({ redis: {}, api: {} });
  expect(() => parseEnvironment({})).toThrow(/3 problems:[^]*- name [^]*- network [^]*- proxy /);
});

/** Each bad value: where, what, what is allowed, and what to do. */
describe('a bad value is named with its path, the value, what is allowed and the fix:', () => {
  test.each<[string, Record<string, unknown>, string, RegExp, RegExp]>([
    ['a number as text', { redis: { replicas: '2' } }, 'redis.replicas', /whole number from 0 to 16/, /0 for a master/],
    ['a negative count', { redis: { replicas: -1 } }, 'redis.replicas', /0 to 16/, /0 for a master/],
    ['a fraction', { api: { replicas: 1.5 } }, 'api.replicas', /1 to 60/, /whole number/],
    ['an absurd count', { api: { replicas: 1e9 } }, 'api.replicas', /1 to 60/, /whole number/],
    ['not a number', { api: { replicas: Number.NaN } }, 'api.replicas', /1 to 60/, /whole number/],
    ['an even number of Sentinels', { redis: { sentinels: 4 } }, 'redis.sentinels', /1, 3, 5, 7 or 9/, /Use 3/],
    ['no Sentinels', { redis: { sentinels: 0 } }, 'redis.sentinels', /1 to 9/, /Use 3/],
    ['a quorum above the Sentinels', { redis: { quorum: 4 } }, 'redis.quorum', /2 to 3/, /Leave it out/],
    ['a quorum below the majority', { redis: { sentinels: 5, quorum: 2 } }, 'redis.quorum', /3 to 5/, /Leave it out/],
    [
      'more needed replicas than there are',
      { redis: { replicas: 0, minReplicasToWrite: 1 } },
      'redis.minReplicasToWrite',
      /0 to the 0/,
      /Leave it out/,
    ],
    [
      'a lease with one Sentinel',
      { redis: { sentinels: 1, fencing: 'lease' } },
      'redis.fencing',
      /at least 3/,
      /Leave it/,
    ],
    [
      'a setting that the platform sets itself',
      { api: { environment: { REDIS_USERNAME: 'admin' } } },
      'api.environment',
      /does not set itself/,
      /Leave them out/,
    ],
    ['another way of fencing', { redis: { fencing: 'on' } }, 'redis.fencing', /lease, off/, /Choose one/],
    [
      'another durability',
      { api: { durability: 'safe' } },
      'api.durability',
      /replicated, master/,
      /Choose one of them/,
    ],
    [
      'replicated writes without replicas',
      { redis: { replicas: 0 }, api: { durability: 'replicated' } },
      'api.durability',
      /'master' where Redis has no replicas/,
      /Leave it out/,
    ],
    ['a size without unit', { redis: { maxMemory: 128 } }, 'redis.maxMemory', /8MiB to 1024GiB/, /with its unit/],
    ['a negative size', { redis: { maxMemory: '-1MiB' } }, 'redis.maxMemory', /8MiB to 1024GiB/, /with its unit/],
    ['an absurd size', { redis: { maxMemory: '9999999GiB' } }, 'redis.maxMemory', /8MiB to 1024GiB/, /with its unit/],
    [
      'a size with an unknown unit',
      { redis: { limits: { memory: '1GB' } } },
      'redis.limits.memory',
      /16MiB to 64GiB/,
      /B, KiB, MiB, GiB/,
    ],
    ['a duration without unit', { redis: { downAfter: 1500 } }, 'redis.downAfter', /500ms to 1h/, /with its unit/],
    [
      'a duration that is too short',
      { redis: { downAfter: '1ms' } },
      'redis.downAfter',
      /500ms to 1h/,
      /ms, s, min, h/,
    ],
    [
      'an unknown policy',
      { redis: { evictionPolicy: 'lru' } },
      'redis.evictionPolicy',
      /noeviction, allkeys-lru/,
      /Choose one/,
    ],
    ['yes as text', { redis: { activeDefrag: 'yes' } }, 'redis.activeDefrag', /true or false/, /without quotes/],
    [
      'a bad save point',
      { redis: { savePoints: [{ seconds: 0, changes: 1 }] } },
      'redis.savePoints.0.seconds',
      /1 to 86400/,
      /whole number/,
    ],
    [
      'save points as text',
      { redis: { savePoints: '900 1' } },
      'redis.savePoints',
      /list of \{ seconds, changes \}/,
      /\[\]/,
    ],
    ['an unknown append-only mode', { redis: { appendOnly: 'yes' } }, 'redis.appendOnly', /'off', or/, /Leave it out/],
    [
      'a master name that breaks its file',
      { redis: { masterName: 'a b\nc' } },
      'redis.masterName',
      /lower-case letter/,
      /platform/,
    ],
    [
      'a master name that is no text',
      { redis: { masterName: 5 } },
      'redis.masterName',
      /lower-case letter/,
      /platform/,
    ],
    ['a part of a core that is none', { api: { limits: { cpus: 0 } } }, 'api.limits.cpus', /0\.1 to 64/, /0\.5/],
    ['an image by name alone', { api: { image: 'acme/shop:1' } }, 'api.image', /ContainerImage/, /fromDirectory/],
    [
      'a setting that is no text',
      { api: { environment: { DEBUG: true } } },
      'api.environment.DEBUG',
      /text/,
      /NAME: 'value'/,
    ],
    [
      'a setting with = in its name',
      { api: { environment: { 'A=B': 'x' } } },
      'api.environment.A=B',
      /without =/,
      /NAME: 'value'/,
    ],
    [
      'a reserved port',
      { proxy: { ports: { ...ports, http: 80 } } },
      'proxy.ports.http',
      /1024 to 65535/,
      /below 1024 are reserved/,
    ],
    [
      'a port that does not exist',
      { proxy: { ports: { ...ports, http: 70_000 } } },
      'proxy.ports.http',
      /1024 to 65535/,
      /.+/,
    ],
    ['a name that Docker refuses', { name: 'Dev_1' }, 'name', /up to 15 of a-z and 0-9/, /'dev'/],
    ['a name with a dash, which parts instances', { name: 'dev-2' }, 'name', /up to 15 of a-z and 0-9/, /'dev'/],
    ['no base CIDR', { network: {} }, 'network.baseCidr', /private \/20/, /10\.213/],
    [
      'a base CIDR of another size',
      { network: { baseCidr: '10.0.0.0/16' } },
      'network.baseCidr',
      /private \/20/,
      /\/20/,
    ],
    [
      'a base CIDR that starts elsewhere',
      { network: { baseCidr: '10.0.1.0/20' } },
      'network.baseCidr',
      /private \/20/,
      /Start it at 10\.0\.0\.0\/20/,
    ],
    ['a public base CIDR', { network: { baseCidr: '8.8.0.0/20' } }, 'network.baseCidr', /private \/20/, /Take it from/],
    [
      'loopback as another address',
      { network: { ...dev.network, publishOn: { address: '127.0.0.2', reason: 'a second loopback' } } },
      'network.publishOn.address',
      /IPv4 address other than loopback/,
      /192\.168/,
    ],
    [
      'an address that is a name',
      { network: { ...dev.network, publishOn: { address: 'shop.example.org', reason: 'the shop is there' } } },
      'network.publishOn.address',
      /IPv4/,
      /192\.168/,
    ],
    [
      'another address without a reason worth the name',
      { network: { ...dev.network, publishOn: { address: '0.0.0.0', reason: 'because' } } },
      'network.publishOn.reason',
      /a sentence/,
      /Say why/,
    ],
    [
      'an exception until a day that does not exist',
      { exceptions: [{ policy: 'limits', subject: 'api', reason: 'measured next week', until: '2027-02-30' }] },
      'exceptions.0.until',
      /2027-03-31/,
      /until when/,
    ],
    ['exceptions as an object', { exceptions: { limits: 'api' } }, 'exceptions', /a list of/, /Leave it out/],
    ['a part that is no object', { redis: 'default' }, 'redis', /object with replicas/, /\{ \.\.\. \}/],
  ])('%s', (_, change, path, allowed, fix) => {
    const problems = problemsOf(change);
    expect(problems).toEqual([
      {
        what: `${path} cannot be used`,
        got: expect.anything(),
        allowed: expect.stringMatching(allowed),
        fix: expect.stringMatching(fix),
      },
    ]);
  });

  test('an unknown setting, at any depth, with the ones that exist', () => {
    expect(problemsOf({ redis: { replica: 2 }, colour: 'red' })).toEqual([
      {
        what: 'redis.replica is not a known setting',
        got: 2,
        allowed: expect.stringContaining('replicas, '),
        fix: expect.stringContaining('spelling'),
      },
      {
        what: 'colour is not a known setting',
        got: 'red',
        allowed: 'name, network, redis, backups, api, proxy, logs, exceptions',
        fix: expect.stringContaining('spelling'),
      },
    ]);
  });

  test('a port that two things want, also inside the range of the Sentinels or nodes', () => {
    expect(problemsOf({ proxy: { ports: { ...ports, stats: 8080 } } })).toEqual([
      {
        what: 'proxy.ports.stats cannot be used',
        got: 8080,
        allowed: 'a port that nothing else uses',
        fix: 'http has it already; choose another one.',
      },
    ]);
    expect(problemsOf({ proxy: { ports: { ...ports, stats: 26_381 } } })[0]?.fix).toContain('sentinels has it already');
    expect(problemsOf({ proxy: { ports: { ...ports, nodes: 8402 } } })[0]?.fix).toContain('stats has it already');
    expect(problemsOf({ redis: { sentinels: 1 }, proxy: { ports: { ...ports, stats: 26_381 } } })).toEqual([]);
  });

  test('a range of ports that goes beyond the last one', () => {
    expect(problemsOf({ proxy: { ports: { ...ports, sentinels: 65_534 } } })[0]).toMatchObject({
      what: 'proxy.ports.sentinels cannot be used',
      allowed: 'ports up to 65535',
      fix: 'Start the range lower.',
    });
  });

  test('a node with less memory than its data may take', () => {
    expect(problemsOf({ redis: { maxMemory: '1GiB', limits: { memory: '512MiB' } } })).toEqual([
      {
        what: 'redis.limits.memory cannot be used',
        got: '512MiB',
        allowed: 'more than maxMemory (1GiB)',
        fix: 'Leave it out for what maxMemory, snapshots and buffers need at worst.',
      },
    ]);
  });

  test.each([
    [{ flavour: 'loki' }, 'logs.flavour', 'loki', 'auto, elastic, debian, off'],
    [{ heap: '128MiB' }, 'logs.heap', '128MiB', 'a size from 256MiB to 31GiB'],
    [{ heap: '2GiB', memory: '2GiB' }, 'logs.memory', '2GiB', 'from 2496MiB: the heap (2GiB) and 448MiB'],
    [
      { index: 'Shop Logs' },
      'logs.index',
      'Shop Logs',
      'a-z, 0-9, and after the first character also . _ -; up to 100 characters',
    ],
    [{ retention: { maxAge: '5min' } }, 'logs.retention.maxAge', '5min', 'a duration from 1h to 3650d'],
    [{ retention: { maxSize: '-1GiB' } }, 'logs.retention.maxSize', '-1GiB', 'a size from 64MiB to 10240GiB'],
    [{ retention: 'week' }, 'logs.retention', 'week', 'an object with maxAge, maxSize'],
  ])('a log stack that cannot be: %j', (logs, setting, got, allowed) => {
    expect(problemsOf({ logs })).toEqual([
      { what: `${setting} cannot be used`, got, allowed, fix: expect.stringMatching(/\w/) as unknown },
    ]);
  });

  test.each([undefined, null, 5, 'dev', []])('an environment that is %j', (input) => {
    expect(() => parseEnvironment(input)).toThrow(/the environment cannot be used[^]*an object with name, network/);
  });
});

test('all problems are listed at once, those between several settings too', () => {
  expect(
    whats({
      name: 'DEV',
      network: { baseCidr: '10.0.0.0/8' },
      redis: { sentinels: 4, replicas: 'two', maxMemory: 'lots', quorums: 2 },
      api: { image: 'shop', drain: '-1s' },
      proxy: { ports: { ...ports, http: 6379, stats: 80 }, fall: 'never' },
    }).sort(),
  ).toEqual([
    'api.drain cannot be used',
    'api.image cannot be used',
    'name cannot be used',
    'network.baseCidr cannot be used',
    'proxy.fall cannot be used',
    'proxy.ports.redisMaster cannot be used',
    'proxy.ports.stats cannot be used',
    'redis.maxMemory cannot be used',
    'redis.quorums is not a known setting',
    'redis.replicas cannot be used',
    'redis.sentinels cannot be used',
  ]);
});

test('nothing absurd takes long or breaks the check itself', () => {
  expect(
    whats({ redis: { sentinels: 1e9, replicas: Number.NaN }, proxy: { ports: { ...ports, nodes: 'x' } } }).sort(),
  ).toEqual(['proxy.ports.nodes cannot be used', 'redis.replicas cannot be used', 'redis.sentinels cannot be used']);
  expect(whats({ redis: [], api: 5, proxy: 'x', network: false })).toHaveLength(4);
});
