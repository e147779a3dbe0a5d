import type { RootConstruct } from 'constructs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import type { Endpoint } from '../../../constructs/core/endpoint.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Service, type ServiceProps } from '../../../constructs/core/service.js';
import type { RedisGrantOptions } from '../../../constructs/redis/grant.js';
import { RedisReplication } from '../../../constructs/redis/redis-replication.js';
import type { RedisAccess } from '../../../constructs/redis/users.js';
import { inDeployment } from '../../support/offline-deployment.js';

let root: RootConstruct;
let redis: RedisReplication;
beforeEach(() => {
  ({ root } = inDeployment());
  redis = new RedisReplication(root, 'redis');
});

const serviceIn = (scope: RootConstruct, name: string, props: Partial<ServiceProps> = {}) =>
  new Service(scope, name, {
    name,
    image: ContainerImage.fromRegistry('example.org/worker:1'),
    healthCheck: HealthCheck.command(['check']),
    ...props,
  });
const service = (name: string, props?: Partial<ServiceProps>) => serviceIn(root, name, props);
const settingsOf = (client: Service) => client.instances.map((instance) => client.environment(instance))[0];
/** The service with these containers. */
const owner = ({ service: { name } }: Endpoint) =>
  redis.node.findAll().find((one): one is Service => Service.isService(one) && one.name === name);
/** The rules of a user, on the nodes and on the Sentinels. */
const rulesOf = (name: string, { model } = redis) =>
  [model.nodes, model.sentinels].map(
    ({ users }) => users.find((user) => user.name === name)?.rules.join(' ') ?? 'no such user',
  );

describe('a service that something is granted to', () => {
  test('may connect to nodes and Sentinels, and is told where they are and who it is', () => {
    const worker = service('worker', { environment: () => ({ LEVEL: 'info' }) });
    redis.grant(worker, 'readWrite', { prefix: 'orders/' });
    expect(worker.connections.allowed).toEqual([redis.endpoint, redis.sentinel]);
    expect(settingsOf(worker)).toEqual({
      LEVEL: 'info',
      REDIS_SENTINELS: '10.213.1.2:26379,10.213.1.3:26379,10.213.1.4:26379',
      REDIS_MASTER_NAME: 'platform',
      REDIS_USERNAME: 'worker',
      REDIS_PASSWORD_FILE: '/config/secrets/redis-worker',
      REDIS_SENTINEL_USERNAME: 'worker',
      REDIS_SENTINEL_PASSWORD_FILE: '/config/secrets/redis-sentinel-worker',
      REDIS_KEY_PREFIX: 'orders/',
    });
    expect(worker.files.map(({ path, content }) => [path, content()])).toEqual([
      ['/config/secrets/redis-sentinel-worker', '{{secret:redis-sentinel-worker}}'],
      ['/config/secrets/redis-worker', '{{secret:redis-worker}}'],
    ]);
    expect(redis.grants).toEqual([
      { client: 'worker', kind: 'redis', target: 'redis', access: 'readWrite', prefix: 'orders/' },
    ]);
  });

  test('may read and write what `app` may, and no more', () => {
    redis.grant(service('worker'), 'readWrite');
    expect(rulesOf('worker')).toEqual(rulesOf('app'));
  });

  test('with a prefix, may use keys and channels that begin with it', () => {
    redis.grant(service('worker'), 'readWrite', { prefix: 'orders/eu/' });
    const [rules] = rulesOf('worker');
    expect(rules).toMatch(/^~orders\/eu\/\* &orders\/eu\/\* -@all \+@all -@admin -@dangerous /);
    expect(rules).toMatch(/ -scan -randomkey -pubsub -client\|tracking -function -script\|flush$/);
  });

  test('may only read, if so it was said', () => {
    redis.grant(service('worker'), 'read');
    redis.grant(service('report'), 'read', { prefix: 'orders/' });
    const [all, some] = [rulesOf('worker')[0], rulesOf('report')[0]];
    const commands = '-@all +@read +@connection +@transaction -@admin -@dangerous +info +role +wait';
    expect(all).toBe(`~* resetchannels ${commands} -rp.lease -rp.fence -rp.unfence`);
    expect(some).toContain(`~orders/* resetchannels ${commands} `);
    expect([all, some].join()).not.toMatch(/\+@(all|write|admin|dangerous|scripting)|&/);
    expect(rulesOf('worker')[1]).toBe(rulesOf('app')[1]);
  });

  test('is a user of its own, in the order of names, whose password can be changed like all others', () => {
    for (const name of ['worker', 'report']) redis.grant(service(name), 'read');
    for (const { service: of, model } of [
      { service: owner(redis.endpoint), model: redis.model.nodes },
      { service: owner(redis.sentinel), model: redis.model.sentinels },
    ]) {
      expect(model.users.map(({ name }) => name).slice(-2)).toEqual(['report', 'worker']);
      const known = model.users.flatMap(({ name, secret }) => (secret === null ? [] : [[name, secret]]));
      expect(of?.logins?.users.map(({ name, secret }) => [name, secret.name])).toEqual(known);
      expect(new Set(known.map(([, secret]) => secret)).size).toBe(known.length);
    }
    redis.allowBackups(service('nightly'));
    expect(owner(redis.endpoint)?.logins?.users.map(({ name }) => name)).toContain('backup');
  });

  test('gets the names that its image wants', () => {
    const worker = service('worker');
    redis.grant(worker, 'read', { settings: { REDIS_USERNAME: 'CACHE_USER', REDIS_KEY_PREFIX: 'unused' } });
    expect(Object.keys(settingsOf(worker) ?? {}).sort()).toEqual([
      'CACHE_USER',
      'REDIS_MASTER_NAME',
      'REDIS_PASSWORD_FILE',
      'REDIS_SENTINELS',
      'REDIS_SENTINEL_PASSWORD_FILE',
      'REDIS_SENTINEL_USERNAME',
    ]);
    expect(settingsOf(worker)?.['CACHE_USER']).toBe('worker');
  });

  test('may use two Redises, under different names of settings', () => {
    const worker = service('worker');
    const cache = new RedisReplication(root, 'cache');
    redis.grant(worker, 'readWrite');
    const names = ['SENTINELS', 'MASTER_NAME', 'USERNAME', 'PASSWORD_FILE', 'SENTINEL_USERNAME'];
    const settings = Object.fromEntries(names.map((name) => [`REDIS_${name}`, `CACHE_${name}`]));
    cache.grant(worker, 'read', { settings });
    expect(worker.node.validate().map(String)).toEqual([
      expect.stringContaining('REDIS_SENTINEL_PASSWORD_FILE is set twice'),
    ]);
    expect(rulesOf('worker', cache)[0]).toContain('+@read');
    expect(worker.files.map(({ path }) => path)).toContain('/config/secrets/cache-worker');
  });

  test('keeps none of its own settings of these names', () => {
    const worker = service('worker', { environment: () => ({ REDIS_USERNAME: 'admin', LEVEL: 'info' }) });
    redis.grant(worker, 'read');
    expect(worker.node.validate()).toEqual([
      "worker: environment variable REDIS_USERNAME is set twice. Leave it out of the service's own, or map it to another name: grant(..., { settings }).",
    ]);
  });
});

test('saying it twice is harmless', () => {
  const worker = service('worker');
  for (let time = 0; time < 2; time++) redis.grant(worker, 'read', { prefix: 'orders/' });
  expect([redis.grants.length, worker.files.length, worker.node.validate()]).toEqual([1, 2, []]);
});

describe('what cannot be granted says what, what it got, what is allowed and what to do:', () => {
  test.each<[string, unknown, RedisGrantOptions, RegExp]>([
    [
      'an unknown word',
      'write',
      {},
      /redis\.grant\(worker\)\.access cannot be used \(got write\): allowed is read, readWrite\. Ch/,
    ],
    [
      'no slash',
      'read',
      { prefix: 'orders' },
      /\.prefix cannot be used \(got orders\): allowed is .*slash.*Use e\.g\. `orders\/`/,
    ],
    ['a pattern', 'read', { prefix: 'or*/' }, /\.prefix cannot be used \(got or\*\/\)/],
    ['a blank', 'read', { prefix: 'orders/ ~*/' }, /\.prefix cannot be used/],
    ['a slash alone', 'read', { prefix: '/' }, /\.prefix cannot be used/],
    ['nothing as a prefix', 'read', { prefix: '' }, /\.prefix cannot be used \(got \)/],
    [
      'a setting that is none',
      'read',
      { settings: { REDIS_HOST: 'X' } as object },
      /\(got REDIS_HOST\): allowed is REDIS_SENTINELS, /,
    ],
    [
      'no name of a variable',
      'read',
      { settings: { REDIS_USERNAME: 'MY USER' } },
      /\.settings cannot be used \(got MY USER\)/,
    ],
    [
      'one name for two settings',
      'read',
      { settings: { REDIS_USERNAME: 'REDIS_SENTINELS' } },
      /\(got REDIS_SENTINELS\)/,
    ],
  ])('%s', (_, access, options, said) => {
    expect(() => {
      redis.grant(service('worker'), access as RedisAccess, options);
    }).toThrow(said);
    expect(redis.grants).toEqual([]);
  });

  test.each(['app', 'admin', 'node', 'probe', 'replication', 'sentinel', 'peer', 'backup', 'default', 'sentinel-app'])(
    'a service that is called like the user %s',
    (name) => {
      expect(() => {
        redis.grant(service(name), 'read');
      }).toThrow(
        new RegExp(`client cannot be used \\(got ${name}\\): allowed is .*users of redis.*\`${name}-client\``),
      );
    },
  );

  test('a service of another deployment', () => {
    const elsewhere = inDeployment({ instance: 'bob' });
    const stranger = serviceIn(elsewhere.root, 'worker');
    expect(() => {
      redis.grant(stranger, 'read');
    }).toThrow(/client cannot be used \(got a service of dev_bob\): allowed is a service of dev\. Grant it/);
    expect(stranger.connections.allowed).toEqual([]);
  });

  test.each<[RedisAccess, RedisGrantOptions, string]>([
    ['readWrite', { prefix: 'orders/' }, 'readWrite, what begins with orders/'],
    ['read', {}, 'read, all of it'],
    [
      'read',
      { prefix: 'orders/', settings: { REDIS_USERNAME: 'U' } },
      'read, what begins with orders/, REDIS_USERNAME as U',
    ],
  ])('two that contradict each other: %s %j', (access, options, got) => {
    const worker = service('worker');
    redis.grant(worker, 'read', { prefix: 'orders/' });
    expect(() => {
      redis.grant(worker, access, options);
    }).toThrow(
      `redis.grant(worker).access cannot be used (got ${got}): allowed is what was granted to it before: read, what begins with orders/. A service is one user`,
    );
    expect(redis.grants).toMatchObject([{ access: 'read', prefix: 'orders/' }]);
  });

  test('all of it at once', () => {
    const elsewhere = inDeployment({ instance: 'bob' });
    expect(() => {
      redis.grant(serviceIn(elsewhere.root, 'app'), 'all' as RedisAccess, {
        prefix: 'x',
        settings: { REDIS_USERNAME: '1' },
      });
    }).toThrow(/^5 problems:/);
  });
});
