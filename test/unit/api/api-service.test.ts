import { RootConstruct } from 'constructs';
import { beforeEach, expect, test } from '@jest/globals';
import { ApiService, type ApiServiceProps } from '../../../constructs/api/api-service.js';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { Deployment } from '../../../constructs/core/deployment.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Duration } from '../../../constructs/core/units.js';
import { RedisReplication } from '../../../constructs/redis/redis-replication.js';

let root: RootConstruct;
let redis: RedisReplication;
beforeEach(() => {
  root = new RootConstruct();
  const engine = { isolatedGateways: false, startInterval: false };
  new Deployment({ environment: 'dev', declaredCidr: '10.213.0.0/20', engine, owner: '0' }).attachTo(root);
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

test("it may reach Redis and the Sentinels, as the application's user, and knows them by address", () => {
  const { service, connections } = create();
  expect(connections.allowed).toEqual([redis.endpoint, redis.sentinel]);
  const [instance] = service.instances;
  expect(instance && service.environment(instance)).toMatchObject({
    REDIS_SENTINELS: '10.213.1.2:26379,10.213.1.3:26379,10.213.1.4:26379',
    REDIS_MASTER_NAME: 'platform',
    REDIS_USERNAME: 'app',
    REDIS_PASSWORD_FILE: '/config/secrets/redis-app',
  });
  expect(service.files.map(({ path }) => path)).toEqual(['/config/secrets/redis-app', '/config/secrets/sentinel-app']);
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
