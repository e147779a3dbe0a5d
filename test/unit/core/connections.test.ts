import { RootConstruct } from 'constructs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import type { Deployment } from '../../../constructs/core/deployment.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Service, type ServiceProps } from '../../../constructs/core/service.js';
import { inDeployment } from '../../support/offline-deployment.js';

let root: RootConstruct;
let deployment: Deployment;
beforeEach(() => {
  ({ root, deployment } = inDeployment({ actualCidr: '10.9.0.0/20' }));
});

function service(name: string, props: Partial<ServiceProps> = {}): Service {
  const image = ContainerImage.fromRegistry('example.org/app:1');
  return new Service(root, name, { name, image, healthCheck: HealthCheck.command(['check']), ...props });
}

describe('an endpoint', () => {
  test('has a network that is called after the service, and after itself where that says more', () => {
    const shop = service('shop');
    expect(shop.addEndpoint('shop', { port: 80 }).segment.name).toBe('shop');
    expect(shop.addEndpoint('admin', { port: 81 }).segment.name).toBe('shop-admin');
  });

  test('is internal and restricted to its own address unless it says otherwise', () => {
    const endpoint = service('shop').addEndpoint('http', { port: 80 });
    expect(endpoint).toMatchObject({ port: 80, listen: 'own', segment: { internal: true } });
    expect(service('cart').addEndpoint('http', { port: 80, listen: 'all' }).listen).toBe('all');
  });

  test('has one address per instance, the actual ones except where what is declared is described', () => {
    const endpoint = service('shop', { replicas: 3 }).addEndpoint('http', { port: 80, slot: 20 });
    expect(endpoint.addresses).toEqual(['10.9.10.2', '10.9.10.3', '10.9.10.4']);
    expect(deployment.withDeclaredAddresses(() => endpoint.addresses)).toEqual([
      '10.213.10.2',
      '10.213.10.3',
      '10.213.10.4',
    ]);
    expect(endpoint.address(0)).toBe('10.9.10.2');
  });

  test('describing what is declared ends also when it fails', () => {
    expect(() =>
      deployment.withDeclaredAddresses(() => {
        throw new Error('failed');
      }),
    ).toThrow('failed');
    expect(deployment.addresses.baseCidr).toBe('10.9.0.0/20');
  });

  test.each([0, -1, 65_536, 80.5, Number.NaN])('cannot have port %d', (port) => {
    expect(() => service('shop').addEndpoint('http', { port })).toThrow(/shop\/http: the port[^]*1 to 65535/);
  });

  test.each([-1, 32, 1.5])('cannot have slot %d', (slot) => {
    expect(() => service('shop').addEndpoint('http', { port: 80, slot })).toThrow(/shop\/http: the slot[^]*0 to 31/);
  });
});

describe('allow rules', () => {
  test('are a set, in an order that does not depend on the calls', () => {
    const [shop, cart, client] = [service('shop'), service('cart'), service('client')];
    const [a, b] = [shop.addEndpoint('shop', { port: 80 }), cart.addEndpoint('cart', { port: 81 })];
    for (const endpoint of [a, b, a, b, a]) client.connections.allowTo(endpoint);
    expect(client.connections.allowed).toEqual([b, a]);
  });

  test('go one way: the owner of an endpoint may not connect back', () => {
    const [shop, client] = [service('shop'), service('client')];
    client.connections.allowTo(shop.addEndpoint('shop', { port: 80 }));
    expect(shop.connections.allowed).toEqual([]);
  });
});

describe('a service', () => {
  test.each([
    [{ name: 'Shop' }, 'service name'],
    [{ name: '' }, 'service name'],
    [{ name: '1shop' }, 'service name'],
    [{ name: 'shop_1' }, 'service name'],
    [{ name: 'a'.repeat(32) }, 'service name'],
    [{ replicas: 0 }, 'replicas'],
    [{ replicas: 1.5 }, 'replicas'],
    [{ user: 0 }, 'user'],
    [{ user: -5 }, 'user'],
    [{ limits: { cpus: 0 } }, 'limits'],
    [{ limits: { cpus: Number.NaN } }, 'limits'],
    [{ limits: { processes: 0 } }, 'limits'],
  ])('%j is refused at once', (props: Partial<ServiceProps>, what) => {
    const message = expect.stringContaining(what);
    expect(() => service('shop', props)).toThrow(expect.objectContaining({ name: 'PlatformError', message }));
  });

  test('outside a deployment says so', () => {
    const orphan = new RootConstruct();
    const props = { name: 'shop', image: ContainerImage.fromRegistry('a:1'), healthCheck: HealthCheck.command(['x']) };
    expect(() => new Service(orphan, 'shop', props)).toThrow(/deployment/);
  });

  test('names containers, seeder and volumes after the deployment, so that copies can live side by side', () => {
    const shop = service('shop', { replicas: 2, volumes: [{ name: 'data', path: '/data' }] });
    const [, second] = shop.instances;
    const [data] = shop.volumes;
    if (!second || !data) throw new Error('shop has no second instance or no volume');
    expect([shop.containerName(second), shop.seederName, shop.volumeName(second, data)]).toEqual([
      'rp-dev-shop-1',
      'rp-dev-shop-seeder',
      'rp-dev-shop-1-data',
    ]);
  });
});
