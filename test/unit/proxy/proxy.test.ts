import { describe, expect, test } from '@jest/globals';
import type { Construct } from 'constructs';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import type { Output } from '../../../constructs/core/output.js';
import { Service } from '../../../constructs/core/service.js';
import { Duration, Size } from '../../../constructs/core/units.js';
import { HttpService } from '../../../constructs/http/http-service.js';
import { modelsOf } from '../../../constructs/models.js';
import type { PlatformBase } from '../../../constructs/platform-base.js';
import { Proxy } from '../../../constructs/proxy/proxy.js';
import { RedisReplication } from '../../../constructs/redis/redis-replication.js';
import { inDeployment } from '../../support/offline-deployment.js';
import { type Synthesized, synthServices } from '../../support/synth.js';

const webOf = (stack: Construct, name = 'web') =>
  new Service(stack, name, {
    name,
    image: ContainerImage.fromRegistry('example.org/web:1'),
    healthCheck: HealthCheck.command(['check']),
  }).addEndpoint('http', { port: 80 });

/** What is said of a stack with a proxy and an endpoint. */
function saidOf(declare: (proxy: Proxy, stack: PlatformBase) => void): string {
  try {
    synthServices((stack) => {
      declare(new Proxy(stack, 'proxy'), stack);
    });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
const lines = (text: string) => text.split('\n').filter((line) => !/^\d+ problems:$/.test(line));

describe('a listener', () => {
  test('leads to endpoints by prefix, and the proxy may connect to them', () => {
    const { topology } = synthServices((stack) => {
      const proxy = new Proxy(stack, 'proxy');
      proxy.listen('http', { port: 8080, clients: 100 }).route('/', webOf(stack)).route('/py/', webOf(stack, 'py'));
    });
    const [proxy] = modelsOf(topology, 'proxy');
    expect(proxy?.http).toMatchObject([
      {
        name: 'http',
        port: 8080,
        clients: 100,
        routes: [
          { name: 'http:py', prefix: '/py/', to: { service: 'py' } },
          { name: 'http', prefix: '/', to: { service: 'web' } },
        ],
      },
    ]);
    const edges = topology.allowed.filter(({ from }) => from === 'proxy').map(({ to }) => to);
    expect(edges.sort()).toEqual(['py-http', 'web-http']);
    expect(topology.published.map(({ name, hostPort }) => [name, hostPort])).toEqual([
      ['http', 8080],
      ['stats', 8404],
    ]);
  });

  test('is refused with all that it cannot be', () => {
    const said = saidOf((proxy) => {
      proxy.listen('http', { port: 8080 });
      proxy.listen('http', { port: 8080, clients: 0, requestTimeout: Duration.milliseconds(1) });
    });
    expect(lines(said)).toEqual([
      expect.stringMatching(
        /^- proxy\.listen\(http\)\.name .*\(got http\): allowed is a name that no other listener has/,
      ),
      expect.stringMatching(
        /\.port .*\(got 8080\): allowed is a port that http does not listen on\. Choose another one/,
      ),
      expect.stringMatching(/\.clients .*\(got 0\): allowed is a whole number from 1 to 100000/),
      expect.stringMatching(/\.requestTimeout .*\(got 1ms\): allowed is a duration from 100ms to 5min/),
    ]);
  });

  test.each(['Http', 'statistics', 'alive', 'stats', 'a:b', ''])('cannot be called %j', (name) => {
    expect(saidOf((proxy) => proxy.listen(name, { port: 8080 }))).toMatch(
      /\.name cannot be used .*not alive, statistics/,
    );
  });

  test('takes no port of the statistics, and none that there is not', () => {
    expect(saidOf((proxy) => proxy.listen('http', { port: 8404 }))).toMatch(/a port that stats does not listen on/);
    expect(saidOf((proxy) => proxy.listen('http', { port: 0 }))).toMatch(/a whole number from 1 to 65535/);
  });

  test('without a route is a mistake', () => {
    expect(saidOf((proxy) => proxy.listen('http', { port: 8080 }))).toMatch(
      /^proxy\.listen\(http\) has no route: add one, \.route\('\/', endpoint\), or leave it out\./,
    );
  });
});

describe('a route', () => {
  test('is refused with all that it cannot be', () => {
    const said = saidOf((proxy, stack) => {
      const web = webOf(stack);
      const limits = { fall: 0, responseTimeout: Duration.milliseconds(1), maxRequestSize: Size.bytes(1) };
      proxy
        .listen('http', { port: 8080 })
        .route('/', web)
        .route('/', web, { stripPrefix: true, ...limits });
    });
    const problem = (setting: string, words: string): unknown =>
      expect.stringMatching(`^- http\\.route\\(/\\)\\.${setting} cannot be used .*${words}`);
    expect(lines(said)).toEqual([
      problem('prefix', 'got /.: allowed is a prefix that no other route of the listener has. Leave one'),
      problem('stripPrefix', 'got true.: allowed is false for the prefix /. Leave it out'),
      problem('responseTimeout', 'a duration from'),
      problem('fall', 'a whole number from'),
      problem('maxRequestSize', 'a size from'),
    ]);
  });

  test.each(['', 'py', '/py', 'py/', '//', '/py//', '/a b/', '/a*/', '/../', '/./', '/a:b/'])(
    'cannot have the prefix %j',
    (prefix) => {
      expect(saidOf((proxy, stack) => proxy.listen('http', { port: 8080 }).route(prefix, webOf(stack)))).toMatch(
        /\.prefix cannot be used .*with a slash before and after each\. Use e\.g\. `\/py\/`\./,
      );
    },
  );

  test.each(['/', '/py/', '/v1.0/py_2/', '/.well-known/'])('can have the prefix %j', (prefix) => {
    expect(saidOf((proxy, stack) => proxy.listen('http', { port: 8080 }).route(prefix, webOf(stack)))).toBe('');
  });

  test('leads into no other deployment, over HTTP or TCP', () => {
    const elsewhere = webOf(inDeployment({ environment: 'prod' }).root);
    expect(saidOf((proxy) => proxy.listen('http', { port: 8080 }).route('/', elsewhere))).toMatch(
      /^http\.route\(\/\)\.endpoint .*\(got one of web in .*\): allowed is an endpoint of .*\. Lead to a service of the same stack/,
    );
    const target = {
      endpoint: elsewhere,
      role: 'any',
      check: () => null,
      scheme: 'web',
      offer: () => elsewhere.offer,
    } as const;
    expect(
      saidOf((proxy) => {
        proxy.listenTcp('web', { port: 80 }, target);
      }),
    ).toMatch(/^proxy\.listenTcp\(web\)\.endpoint /);
  });
});

describe('what is told to clients', () => {
  const outputsOf = ({ terraform }: Synthesized) => terraform.output?.['clients']?.value as Output[];

  test('is said of each route and each port, by whoever provides it', () => {
    const synthesized = synthServices((stack) => {
      const redis = new RedisReplication(stack, 'cache');
      const proxy = new Proxy(stack, 'proxy');
      const py = new HttpService(stack, 'py', { image: ContainerImage.fromRegistry('example.org/py:1') });
      proxy.listen('http', { port: 8080 }).route('/', webOf(stack)).route('/py/', py.http);
      proxy.listenTcp('master', { port: 6379 }, redis.master);
    });
    expect(outputsOf(synthesized)).toEqual([
      { id: 'http:py', what: 'py', url: 'http://127.0.0.1:8080/py/' },
      { id: 'http', what: 'web-http', url: 'http://127.0.0.1:8080' },
      {
        id: 'master',
        what: 'Redis master',
        url: 'redis://127.0.0.1:6379',
        user: 'app',
        secret: 'cache-app',
        settings: { role: 'master', masterName: 'platform', inside: expect.arrayContaining([expect.any(String)]) },
      },
      {
        id: 'stats',
        what: 'Statistics page',
        url: 'http://127.0.0.1:8404/',
        user: 'admin',
        secret: 'proxy-stats',
        settings: { role: 'statistics' },
      },
    ]);
  });

  test('lists the nodes of a Redis in the order of its containers, also when there are more than ten', () => {
    const synthesized = synthServices((stack) => {
      const redis = new RedisReplication(stack, 'cache', { replicas: 11 });
      new Proxy(stack, 'proxy').listenTcp('node', { port: 7000 }, redis.eachNode);
    });
    const nodes = outputsOf(synthesized).filter(({ settings }) => settings?.role === 'node');
    const addresses = synthesized.topology.services.find(({ name }) => name === 'cache')?.endpoints[0]?.addresses ?? [];
    expect(nodes.map(({ url }) => url)).toEqual(addresses.map((_, index) => `redis://127.0.0.1:${7000 + index}`));
    expect(nodes.flatMap(({ settings }) => settings?.inside)).toEqual(addresses.map((address) => `${address}:6379`));
  });
});

describe('a TCP port', () => {
  test('leads to what a Redis says of itself; of several targets, each has a port', () => {
    const { topology } = synthServices((stack) => {
      const redis = new RedisReplication(stack, 'cache');
      const proxy = new Proxy(stack, 'proxy');
      proxy.listenTcp('master', { port: 6379 }, redis.master);
      proxy.listenTcp('in-sync', { port: 6380 }, redis.replicasInSync);
      proxy.listenTcp('node', { port: 7000 }, redis.eachNode);
      proxy.listenTcp('sentinel', { port: 26379 }, redis.eachSentinel);
    });
    const found = modelsOf(topology, 'proxy')[0]?.tcp.map(({ name, port, role, to }) => [name, port, role, to.servers]);
    expect(found).toEqual([
      ['in-sync', 6380, 'replica', ['cache-0', 'cache-1', 'cache-2']],
      ['master', 6379, 'master', ['cache-0', 'cache-1', 'cache-2']],
      ...[0, 1, 2].map((index) => [`node-${index}`, 7000 + index, 'any', [`cache-${index}`]]),
      ...[0, 1, 2].map((index) => [`sentinel-${index}`, 26379 + index, 'any', [`cache-sentinel-${index}`]]),
    ]);
  });

  test('is refused with all ports that are taken', () => {
    const said = saidOf((proxy, stack) => {
      const redis = new RedisReplication(stack, 'redis');
      proxy.listenTcp('master', { port: 6380 }, redis.master);
      proxy.listenTcp('node', { port: 6379 }, redis.eachNode);
    });
    expect(said).toMatch(
      /^proxy\.listenTcp\(node-1\)\.port .*\(got 6380\): allowed is a port that master does not listen on/,
    );
  });
});
