import { describe, expect, test } from '@jest/globals';
import { Duration, Size } from '../../../constructs/core/units.js';
import { type HttpRoute, type ProxyOptions, renderProxyConfig } from '../../../constructs/proxy/render-config.js';

const route: HttpRoute = {
  name: 'http',
  port: 8080,
  service: 'api',
  servers: [
    { name: 'api-0', address: '10.0.0.2', port: 80 },
    { name: 'api-1', address: '10.0.0.3', port: 80 },
  ],
  balance: 'leastconn',
  healthPath: '/health',
  checkInterval: Duration.milliseconds(1500),
  fall: 4,
  rise: 2,
  maxConnections: 50,
  queueTimeout: Duration.seconds(3),
  responseTimeout: Duration.milliseconds(2500),
  maxRequestSize: Size.bytes(1024),
};
const nodes = [{ name: 'redis-0', address: '10.0.1.2', port: 6379 }];
const options: ProxyOptions = {
  bindAddress: '10.0.9.2',
  statsPort: 8404,
  http: [route],
  redis: [
    { name: 'redis-master', port: 6379, role: 'master', servers: nodes },
    { name: 'redis-replicas', port: 6380, role: 'replica', servers: nodes },
    { name: 'sentinel-0', port: 26379, role: 'any', servers: nodes },
  ],
  masterNeedsReplica: true,
  probeUser: 'probe',
};

/** Sections by their first line, each with its trimmed lines. */
function sections(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n').filter((one) => one.trim() !== '' && !one.trim().startsWith('#'))) {
    if (line.startsWith(' ')) lines.push(line.trim());
    else found.set(line, (lines = []));
  }
  return found;
}
const section = (name: string, change: Partial<ProxyOptions> = {}): string[] =>
  sections(renderProxyConfig({ ...options, ...change })).get(name) ?? [];

test('it listens on its own address and on loopback only', () => {
  const binds = [...renderProxyConfig(options).matchAll(/^\s*bind (.*)$/gm)].map((match) => match[1]);
  expect(binds).toEqual([
    '127.0.0.1:8405',
    '10.0.9.2:8404',
    '10.0.9.2:8080',
    '10.0.9.2:6379',
    '10.0.9.2:6380',
    '10.0.9.2:26379',
  ]);
});

test('passwords come from the environment: the file holds none', () => {
  const text = renderProxyConfig(options);
  expect(text).toContain('stats auth "admin:${STATS_PASSWORD}"');
  expect(text).toContain('"AUTH probe ${PROBE_PASSWORD}\\r\\n"');
  expect(text).not.toContain('{{');
});

test('the version is hidden', () => {
  expect(section('frontend statistics')).toContain('stats hide-version');
  expect(section('frontend http')).toContain('http-response del-header Server');
});

describe('an HTTP route', () => {
  test('checks each server on its health path, in the declared rhythm', () => {
    const backend = section('backend http');
    expect(backend).toContain('http-check send meth GET uri /health ver HTTP/1.1 hdr Host proxy');
    expect(backend).toContain('default-server check inter 1500ms fastinter 500ms downinter 500ms fall 4 rise 2');
    expect(backend.filter((line) => line.startsWith('server '))).toEqual([
      'server api-0 10.0.0.2:80 maxconn 50',
      'server api-1 10.0.0.3:80 maxconn 50',
    ]);
  });

  test('balances, queues, times out and limits as declared', () => {
    const backend = section('backend http');
    expect(backend).toEqual(
      expect.arrayContaining(['balance leastconn', 'timeout queue 3000ms', 'timeout server 2500ms']),
    );
    const [deny] = section('frontend http').filter((line) => line.startsWith('http-request deny'));
    expect(deny).toMatch(/deny_status 413 .*\{ req\.hdr_val\(content-length\) gt 1024 \}$/);
  });

  test('sends a request again only if it surely never reached a server', () => {
    expect(section('backend http')).toContain('retry-on conn-failure');
  });

  test('answers without a server as the API does without a master: 503 with Retry-After and a JSON error', () => {
    for (const part of ['frontend http', 'backend http']) {
      const [error] = section(part).filter((line) => line.startsWith('http-error status 503'));
      expect(error).toContain('hdr Retry-After 1');
      expect(JSON.parse(/string '([^']*)'/.exec(error ?? '')?.[1] ?? '')).toHaveProperty('error.code', 'unavailable');
    }
  });
});

describe('a Redis route', () => {
  test('to the master asks for the role and for a replica in sync, so that a frozen ex-master gets no connections', () => {
    expect(section('listen redis-master')).toContain(
      'tcp-check expect rstring role:master[^$]*min_slaves_good_slaves:[1-9]',
    );
  });

  test('to the master asks for the role alone where a master may write without replicas', () => {
    expect(section('listen redis-master', { masterNeedsReplica: false })).toContain(
      'tcp-check expect rstring role:master',
    );
  });

  test('to the replicas asks for one that is in sync, and takes the one with the fewest connections', () => {
    const lines = section('listen redis-replicas');
    expect(lines).toContain('tcp-check expect rstring role:slave[^$]*master_link_status:up');
    expect(lines).toContain('balance leastconn');
  });

  test('to a Sentinel checks the connection alone', () => {
    expect(section('listen sentinel-0').filter((line) => line.startsWith('tcp-check'))).toEqual([]);
    expect(section('listen sentinel-0')).toContain('default-server check inter 1s fall 2 rise 1');
  });

  test('never repeats a command on its own', () => {
    for (const name of ['redis-master', 'redis-replicas', 'sentinel-0'])
      expect(section(`listen ${name}`)).toContain('retries 0');
  });
});
