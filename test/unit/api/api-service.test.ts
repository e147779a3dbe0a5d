import type { RootConstruct } from 'constructs';
import { beforeEach, expect, test } from '@jest/globals';
import { ApiService, type ApiServiceProps } from '../../../constructs/api/api-service.js';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Duration } from '../../../constructs/core/units.js';
import type { RedisReplicationProps } from '../../../constructs/redis/props.js';
import { RedisReplication } from '../../../constructs/redis/redis-replication.js';
import { inDeployment } from '../../support/offline-deployment.js';

let root: RootConstruct;
let redis: RedisReplication;
beforeEach(() => {
  ({ root } = inDeployment());
  redis = new RedisReplication(root, 'redis');
});
const create = (props: Partial<ApiServiceProps> = {}) => new ApiService(root, 'api', { redis, ...props });
const image = ContainerImage.fromRegistry('ghcr.io/acme/shop:1.4.2');

test('each container listens on its own address and on loopback, for the health check', () => {
  const { service } = create({ replicas: 2, port: 9000 });
  expect(service.instances.map((instance) => service.environment(instance)['LISTEN_ADDRESS'])).toEqual([
    '10.213.1.130:9000,127.0.0.1:9000',
    '10.213.1.131:9000,127.0.0.1:9000',
  ]);
});

test('it may reach Redis and the Sentinels, as a user of its own, and knows them by address', () => {
  const { service, connections } = create();
  expect(connections.allowed).toEqual([redis.endpoint, redis.sentinel]);
  const [instance] = service.instances;
  expect(instance && service.environment(instance)).toMatchObject({
    REDIS_SENTINELS: '10.213.1.2:26379,10.213.1.3:26379,10.213.1.4:26379',
    REDIS_MASTER_NAME: 'platform',
    REDIS_USERNAME: 'api',
    REDIS_PASSWORD_FILE: '/config/secrets/redis-api',
  });
  expect(service.files.map(({ path }) => path)).toEqual([
    '/config/secrets/redis-api',
    '/config/secrets/redis-sentinel-api',
  ]);
});

test.each<[string, RedisReplicationProps, ApiServiceProps['durability'], string, unknown]>([
  ['one replica by default', {}, undefined, '1', { durability: 'replicated', confirmedBy: 1 }],
  ['as many as the master needs', { minReplicasToWrite: 2 }, undefined, '2', expect.anything()],
  ['at least one', { minReplicasToWrite: 0 }, 'replicated', '1', expect.anything()],
  ['none if wanted', { minReplicasToWrite: 2 }, 'master', '0', { durability: 'master', confirmedBy: 0 }],
  ['none without replicas', { replicas: 0 }, undefined, '0', { durability: 'master', confirmedBy: 0 }],
])('a write is confirmed by replicas: %s', (_, props, durability, expected, writes) => {
  const other = new RedisReplication(root, 'other', props);
  const { service, writes: promised } = create({ redis: other, ...(durability && { durability }) });
  const [instance] = service.instances;
  expect(instance && service.environment(instance)['REDIS_WAIT_REPLICAS']).toBe(expected);
  expect({ durability: promised.durability, confirmedBy: promised.confirmedBy }).toEqual(writes);
});

test('without replicas, nobody can promise that writes are replicated', () => {
  const lone = new RedisReplication(root, 'lone', { replicas: 0 });
  expect(() => create({ redis: lone, durability: 'replicated' })).toThrow(
    /api\.durability[^]*replicated[^]*'master' where Redis has no replicas[^]*Leave it out/,
  );
});

test('draining ends before the container is killed', () => {
  const { service } = create({ drain: Duration.milliseconds(3500) });
  const [instance] = service.instances;
  expect(instance && service.environment(instance)['DRAIN_SECONDS']).toBe('4');
  expect(String(service.stopTimeout)).toBe('6s');
});

test('an own image brings its own health check or says why it has none', () => {
  expect(create().service.healthCheck.command).toEqual(['api', 'healthcheck']);
  expect(new ApiService(root, 'shop', { redis, image }).service.healthCheck.reason).toContain('/health');
  const healthCheck = HealthCheck.command(['shop', 'check']);
  expect(new ApiService(root, 'cart', { redis, image, healthCheck }).service.healthCheck).toBe(healthCheck);
});

test('own settings cannot be called like the ones that the platform sets', () => {
  expect(() =>
    create({ environment: { CURRENCY: 'EUR', LISTEN_ADDRESS: '0.0.0.0:80', REDIS_USERNAME: 'admin' } }),
  ).toThrow(/api\.environment[^]*LISTEN_ADDRESS, REDIS_USERNAME/);
});
