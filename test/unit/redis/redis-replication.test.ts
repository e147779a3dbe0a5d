import type { RootConstruct } from 'constructs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { Service } from '../../../constructs/core/service.js';
import { Duration, Size } from '../../../constructs/core/units.js';
import { resolveRedis } from '../../../constructs/redis/model.js';
import type { RedisReplicationProps } from '../../../constructs/redis/props.js';
import { RedisReplication } from '../../../constructs/redis/redis-replication.js';
import { inDeployment } from '../../support/offline-deployment.js';

let root: RootConstruct;
beforeEach(() => {
  ({ root } = inDeployment());
});
const create = (props?: RedisReplicationProps) => new RedisReplication(root, 'redis', props);
const serviceNamed = (name: string): Service => {
  const found = root.node
    .findAll()
    .filter(Service.isService)
    .find((one) => one.name === name);
  if (!found) throw new Error(`there is no service ${name}`);
  return found;
};
const fileOf = (service: string, path: string): string | undefined =>
  serviceNamed(service)
    .files.find((file) => file.path === path)
    ?.content();

test('without any property it is a good Redis: three nodes, three Sentinels, one replica needed to write', () => {
  const redis = create();
  expect(redis.endpoint.addresses).toEqual(['10.213.0.130', '10.213.0.131', '10.213.0.132']);
  expect(redis.sentinel.addresses).toEqual(['10.213.1.2', '10.213.1.3', '10.213.1.4']);
  expect(redis.minReplicasToWrite).toBe(1);
  expect(fileOf('redis-sentinel', '/config/sentinel.conf')).toContain(
    'sentinel monitor platform 10.213.0.130 6379 2\n',
  );
});

test('a node has room for a snapshot and for buffers beside its data', () => {
  create({ maxMemory: Size.mebibytes(100) });
  expect(String(serviceNamed('redis').limits.memory)).toBe('392MiB');
});

test('a node has 15 s to hand over before it is stopped', () => {
  create();
  expect(String(serviceNamed('redis').stopTimeout)).toBe('15s');
});

test('nodes and Sentinels may reach each other, and a client gets both and nothing else', () => {
  const redis = create();
  expect(serviceNamed('redis').connections.allowed).toEqual([redis.sentinel]);
  expect(serviceNamed('redis-sentinel').connections.allowed).toEqual([redis.endpoint]);
});

test('the supervisor is told all addresses and where its passwords are', () => {
  create({ replicas: 1, sentinels: 1 });
  expect(JSON.parse(fileOf('redis', '/config/node.json') ?? '')).toEqual({
    masterName: 'platform',
    declaredMaster: '10.213.0.130',
    port: 6379,
    nodes: ['10.213.0.130', '10.213.0.131'],
    sentinels: ['10.213.1.2:26379'],
    redisUser: { username: 'node', passwordFile: '/config/secrets/redis-node' },
    sentinelUser: { username: 'node', passwordFile: '/config/secrets/sentinel-node' },
    fencing: 'off',
  });
});

describe('active defragmentation', () => {
  const images = () => ['redis', 'redis-sentinel'].map((name) => serviceNamed(name).image.source);
  const folders = (...names: string[]) => names.map((name) => ({ kind: 'directory', folder: `images/${name}` }));
  const own = ContainerImage.fromRegistry('example.org/own-redis:1');

  test('is done by nodes of an image of its own; the Sentinels, which have no data, stay as they are', () => {
    create({ activeDefrag: true });
    expect(images()).toEqual(folders('redis-defrag', 'redis'));
    expect(fileOf('redis', '/config/redis.conf')).toContain('\nactivedefrag yes\n');
  });
  test.each([{}, { activeDefrag: false }])('with %j nobody has that image', (props) => {
    create(props);
    expect(images()).toEqual(folders('redis', 'redis'));
    expect(fileOf('redis', '/config/redis.conf')).not.toContain('defrag');
  });
  test('with an image of your own is done by that one, if it can', () => {
    create({ activeDefrag: true, image: { image: own, supportsActiveDefrag: true } });
    expect(images()).toEqual([own.source, own.source]);
  });
  test('is refused if that one cannot', () => {
    const image = { image: own, supportsActiveDefrag: false };
    expect(() => create({ activeDefrag: true, image })).toThrow(
      /redis\.activeDefrag cannot be used[^]*got true[^]*own jemalloc[^]*Leave out the image/,
    );
  });
});

describe('fencing', () => {
  const inNodes = () => {
    const { fencing } = JSON.parse(fileOf('redis', '/config/node.json') ?? '') as { fencing: unknown };
    return fencing;
  };
  test.each([
    [{}, 'lease'],
    [{ sentinels: 5, replicas: 1 }, 'lease'],
    [{ fencing: 'off' }, 'off'],
    [{ sentinels: 1 }, 'off'],
    [{ replicas: 0 }, 'off'],
  ] as const)('with %j is %s, in the files and in the topology', (props, expected) => {
    const redis = create({ ...props });
    expect([redis.fencing, redis.model.fencing, redis.model.downAfterMs]).toEqual([expected, expected, 1500]);
    expect(inNodes()).toBe(expected);
    expect(fileOf('redis', '/config/users.acl')?.includes('rp.lease')).toBe(expected === 'lease');
  });
  test.each([
    [{ sentinels: 1 }, 'lease with 1 Sentinels and 2 replicas'],
    [{ replicas: 0 }, 'lease with 3 Sentinels and 0 replicas'],
  ] as const)('by lease is refused with %j', (props, got) => {
    expect(() => create({ ...props, fencing: 'lease' })).toThrow(
      `redis.fencing cannot be used (got ${got}): allowed is off, or lease with at least 3 Sentinels and 1 replica`,
    );
  });
});

describe('numbers that cannot work together', () => {
  const right = { replicas: 2, sentinels: 3, quorum: 2, minReplicasToWrite: 1, fencing: 'off' as const };
  const paths = (change: Partial<typeof right>) =>
    resolveRedis('redis', { ...right, ...change }).problems.map(({ setting }) => setting);

  test.each([
    [{}, []],
    [{ replicas: 0, minReplicasToWrite: 0 }, []],
    [{ replicas: 16 }, []],
    [{ sentinels: 1, quorum: 1 }, []],
    [{ sentinels: 9, quorum: 9 }, []],
    [{ replicas: -1, minReplicasToWrite: 0 }, ['replicas', 'minReplicasToWrite']],
    [{ replicas: 17 }, ['replicas']],
    [{ replicas: 1.5 }, ['replicas']],
    [{ sentinels: 0 }, ['sentinels']],
    [{ sentinels: 2 }, ['sentinels']],
    [{ sentinels: 4 }, ['sentinels']],
    [{ sentinels: 11 }, ['sentinels']],
    [{ quorum: 1 }, ['quorum']],
    [{ quorum: 4 }, ['quorum']],
    [{ sentinels: 5, quorum: 2 }, ['quorum']],
    [{ minReplicasToWrite: 3 }, ['minReplicasToWrite']],
    [{ minReplicasToWrite: -1 }, ['minReplicasToWrite']],
    [{ replicas: 99, sentinels: 2, minReplicasToWrite: 100 }, ['replicas', 'sentinels', 'minReplicasToWrite']],
  ])('%j: %j', (change, expected) => {
    expect(paths(change)).toEqual(expected);
  });

  test.each<[RedisReplicationProps, string]>([
    [
      { maxMemory: Size.mebibytes(1) },
      'redis.maxMemory cannot be used (got 1MiB): allowed is a size from 8MiB to 1024GiB',
    ],
    [
      { downAfter: Duration.milliseconds(1) },
      'redis.downAfter cannot be used (got 1ms): allowed is a duration from 500ms',
    ],
    [{ masterName: 'a b\nc' }, 'redis.masterName cannot be used (got a b\nc): allowed is a lower-case letter'],
    [{ savePoints: [{ seconds: 0, changes: 1 }] }, 'redis.savePoints.0.seconds cannot be used (got 0): allowed is'],
    [
      { evictionPolicy: 'lru' as 'noeviction' },
      'redis.evictionPolicy cannot be used (got lru): allowed is noeviction, ',
    ],
    [
      { limits: { memory: Size.mebibytes(64) } },
      'redis.limits.memory cannot be used (got 64MiB): allowed is more than',
    ],
  ])('and values are refused as in an environment: %j', (props, said) => {
    expect(() => create(props)).toThrow(said);
  });

  test('are all named at once', () => {
    expect(() => create({ replicas: 0, sentinels: 4, minReplicasToWrite: 1 })).toThrow(
      /2 problems:\n- redis\.sentinels cannot be used \(got 4\)[^]*\n- redis\.minReplicasToWrite cannot be used \(got 1\)/,
    );
  });
});
