import type { RootConstruct } from 'constructs';
import { beforeEach, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Duration } from '../../../constructs/core/units.js';
import { HttpService, type HttpServiceProps } from '../../../constructs/http/http-service.js';
import { inDeployment } from '../../support/offline-deployment.js';

const image = ContainerImage.fromRegistry('ghcr.io/acme/py:1.4.2');
let root: RootConstruct;
beforeEach(() => {
  ({ root } = inDeployment());
});
const create = (props: Partial<HttpServiceProps> = {}) => new HttpService(root, 'py', { image, ...props });

test('two containers by default, which are told where to listen and how long to drain, and nothing of Redis', () => {
  const { service, http, connections } = create({ environment: { CURRENCY: 'EUR' } });
  expect(service.instances.map((instance) => service.environment(instance))).toEqual(
    http.addresses.map((address) => ({
      CURRENCY: 'EUR',
      LISTEN_ADDRESS: `${address}:8080,127.0.0.1:8080`,
      DRAIN_SECONDS: '10',
    })),
  );
  expect(http).toMatchObject({ port: 8080, listen: 'own' });
  expect(connections.allowed).toEqual([]);
  expect([service.files, String(service.stopTimeout)]).toEqual([[], '12s']);
});

test('an image that listens on every address says so', () => {
  expect(create({ port: 5000, listen: 'all' }).http).toMatchObject({ port: 5000, listen: 'all' });
});

test('without a health check of its own, it is the proxy that asks', () => {
  expect(create().service.healthCheck.reason).toContain('the proxy checks');
  const healthCheck = HealthCheck.command(['python', '/app/check.py']);
  expect(new HttpService(root, 'other', { image, healthCheck }).service.healthCheck).toBe(healthCheck);
});

test('all that cannot be is said at once', () => {
  const bad = { replicas: 0, drain: Duration.seconds(3600), environment: { LISTEN_ADDRESS: '0.0.0.0:80' } };
  expect(() => create(bad)).toThrow(
    /^3 problems:\n- py\.environment .*\(got LISTEN_ADDRESS\)[^]*\n- py\.replicas .*1 to 60[^]*\n- py\.drain .*0s to 10min/,
  );
});
