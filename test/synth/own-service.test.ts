import { describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { ApiService } from '../../constructs/api/api-service.js';
import { HttpService } from '../../constructs/http/http-service.js';
import { modelsOf } from '../../constructs/models.js';
import type { PlatformBase } from '../../constructs/platform-base.js';
import { Proxy } from '../../constructs/proxy/proxy.js';
import { RedisReplication } from '../../constructs/redis/redis-replication.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { judge } from '../../policies/judge/judge.js';
import { subjectFromProgram } from '../../policies/judge/resources.js';
import { DAY, synthServices } from '../support/synth.js';

const image = ContainerImage.fromRegistry(`ghcr.io/acme/py@sha256:${'0'.repeat(64)}`);

/** A service in another language, with Redis and a route: what it costs in a stack. */
function withPy(stack: PlatformBase): void {
  const { redis, http } = usual(stack);
  const py = new HttpService(stack, 'py', { image, port: 5000, listen: 'all' });
  redis.grant(py.service, 'readWrite', { prefix: 'py/' });
  http.route('/py/', py.http, { stripPrefix: true, healthPath: '/ready' });
}

function usual(stack: PlatformBase) {
  const redis = new RedisReplication(stack, 'redis');
  const api = new ApiService(stack, 'api', { redis });
  const http = new Proxy(stack, 'proxy').listen('http', { port: 8080 }).route('/', api.http);
  return { redis, http };
}

describe('an HTTP service in another language', () => {
  const synthesized = synthServices(withPy);
  const { topology } = synthesized;
  const before = synthServices(usual);

  test('has a route beside the API, which keeps its own', () => {
    expect(modelsOf(topology, 'proxy')[0]?.http[0]?.routes).toMatchObject([
      { name: 'http:py', prefix: '/py/', stripPrefix: true, check: { path: '/ready' }, to: { service: 'py' } },
      { name: 'http', prefix: '/', stripPrefix: false, check: { path: '/health' }, to: { service: 'api' } },
    ]);
    const config = topology.services.find(({ name }) => name === 'proxy')?.files[0]?.text ?? '';
    expect(config).toContain('    use_backend http:py if { path_beg /py/ }\n    default_backend http\n');
    expect(config).toContain('http-request replace-path ^/py/(.*) /\\1\n');
    const servers = [...config.matchAll(/^ +server (py-\d) (\S+) /gm)].map(([, name, address]) => [name, address]);
    const addresses = topology.services.find(({ name }) => name === 'py')?.endpoints[0]?.addresses ?? [];
    expect(servers).toEqual(addresses.map((address, index) => [`py-${index}`, `${address}:5000`]));
  });

  test('may use its part of Redis as a user of its own, and be called by the proxy alone', () => {
    expect(topology.grants).toContainEqual({
      client: 'py',
      kind: 'redis',
      target: 'redis',
      access: 'readWrite',
      prefix: 'py/',
    });
    const edges = topology.allowed.filter(({ because }) => because === 'declared');
    expect(edges.filter(({ from }) => from === 'py').map(({ to }) => to)).toEqual(['redis', 'redis-sentinel']);
    expect(edges.filter(({ to }) => to === 'py-http').map(({ from }) => from)).toEqual(['proxy']);
  });

  test('runs hardened, told where it listens and where Redis is, and not what the API promises', () => {
    const { env = [], read_only } = synthesized.container('py-1');
    const names = env.map((setting) => setting.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['LISTEN_ADDRESS', 'DRAIN_SECONDS', 'REDIS_SENTINELS']));
    expect(names).not.toContain('REDIS_WAIT_REPLICAS');
    expect(read_only).toBe(true);
    const subject = subjectFromProgram(topology, JSON.parse(synthesized.text));
    expect(judge(subject, discoverPolicies(), DAY).violations).toEqual([]);
  });

  test('changes nothing of the API', () => {
    expect(synthesized.container('api-0')).toEqual(before.container('api-0'));
    const models = (kind: 'api' | 'http') =>
      [before, synthesized].map((one) => modelsOf(one.topology, kind).filter(({ service }) => service === 'api'));
    for (const kind of ['api', 'http'] as const) expect(models(kind)[1]).toEqual(models(kind)[0]);
  });
});
