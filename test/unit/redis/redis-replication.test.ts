import { RootConstruct } from 'constructs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Deployment } from '../../../constructs/core/deployment.js';
import { Service } from '../../../constructs/core/service.js';
import { Size } from '../../../constructs/core/units.js';
import {
  redisNumberProblems,
  RedisReplication,
  type RedisReplicationProps,
} from '../../../constructs/redis/redis-replication.js';

let root: RootConstruct;
beforeEach(() => {
  root = new RootConstruct();
  const engine = { isolatedGateways: false, startInterval: false };
  new Deployment({ environment: 'dev', declaredCidr: '10.213.0.0/20', engine, owner: '0' }).attachTo(root);
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

test('a node has room for a snapshot beside its data', () => {
  create({ maxMemory: Size.mebibytes(100) });
  expect(String(serviceNamed('redis').limits.memory)).toBe('264MiB');
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
  });
});

test('active defragmentation is refused where the image cannot do it', () => {
  expect(() => create({ activeDefrag: true })).toThrow(/redis\.activeDefrag[^]*Turn it off, or give an image/);
});

describe('numbers that cannot work together', () => {
  const right = { replicas: 2, sentinels: 3, quorum: 2, minReplicasToWrite: 1 };
  const paths = (change: Partial<typeof right>) => redisNumberProblems({ ...right, ...change }).map(({ path }) => path);

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

  test('are all named at once', () => {
    expect(() => create({ replicas: 0, sentinels: 4, minReplicasToWrite: 1 })).toThrow(
      /2 problems:\n- redis\.sentinels cannot be used \(got 4\)[^]*\n- redis\.minReplicasToWrite cannot be used \(got 1\)/,
    );
  });
});
