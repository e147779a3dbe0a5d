import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Duration, Size } from '../../../constructs/core/units.js';
import { Rules } from '../../../constructs/core/model.js';
import {
  byPrefix,
  type HttpRouteProps,
  type ProxyModel,
  resolveHttpRoute,
  resolveListener,
  resolveProxy,
  resolveTcpRoute,
} from '../../../constructs/proxy/model.js';
import { type ProxyAddresses, renderProxyConfig, renderProxySecrets } from '../../../constructs/proxy/render-config.js';
import { resolveRedis } from '../../../constructs/redis/model.js';
import type { RedisReplicationProps } from '../../../constructs/redis/props.js';
import { roleCheck } from '../../../constructs/redis/tcp-targets.js';

const api = { service: 'api', endpoint: 'api-http', port: 80, servers: ['api-0', 'api-1'] };
const nodes = { service: 'redis', endpoint: 'redis', port: 6379, servers: ['redis-0'] };
const py = { service: 'py', endpoint: 'py-http', port: 5000, servers: ['py-0'] };
const { listener } = resolveListener('proxy', 'http', { port: 8080 }, new Map());
const routeTo = (prefix: string, to = api, props: HttpRouteProps = {}) =>
  resolveHttpRoute(new Rules('http'), listener, prefix, to, props);
const route = routeTo('/', api, {
  balance: 'leastconn',
  checkInterval: Duration.milliseconds(1500),
  fall: 4,
  rise: 2,
  maxConnections: 50,
  queueTimeout: Duration.seconds(3),
  responseTimeout: Duration.milliseconds(2500),
  maxRequestSize: Size.bytes(1024),
});

/** With routes to a Redis that is declared so. */
function modelOf(redis: RedisReplicationProps = {}): ProxyModel {
  const { model } = resolveRedis('redis', redis);
  return {
    ...resolveProxy('proxy', 8404),
    http: [{ ...listener, routes: [route] }],
    tcp: [
      resolveTcpRoute({ name: 'redis-master', port: 6379, role: 'master', to: nodes }, roleCheck('master', model)),
      resolveTcpRoute({ name: 'redis-replicas', port: 6380, role: 'replica', to: nodes }, roleCheck('replica', model)),
      resolveTcpRoute({ name: 'sentinel-0', port: 26379, role: 'any', to: nodes }, null),
    ],
  };
}
const at: ProxyAddresses = {
  own: '10.0.9.2',
  server: (_, name) =>
    ({ 'api-0': '10.0.0.2', 'api-1': '10.0.0.3', 'redis-0': '10.0.1.2', 'py-0': '10.0.2.2' })[name] ?? '',
};
const haproxyCfg = (redis?: RedisReplicationProps) => renderProxyConfig(modelOf(redis), at);

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
const section = (name: string, redis?: RedisReplicationProps): string[] => sections(haproxyCfg(redis)).get(name) ?? [];

test('it listens on its own address and on loopback only', () => {
  const binds = [...haproxyCfg().matchAll(/^\s*bind (.*)$/gm)].map((match) => match[1]);
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
  const text = haproxyCfg();
  expect(text).toContain('user admin insecure-password "${STATS_PASSWORD}"');
  expect(text).toContain('http-request auth realm statistics unless { http_auth(statistics) }');
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

  test.each(['frontend http', 'backend http'])('%s has errors of its own in the form of the API', (part) => {
    const errors = section(part).flatMap(
      (line) => /^http-error status (\d+) content-type application\/json lf-string '([^']*)'(.*)$/.exec(line) ?? [],
    );
    const found = [...Array(errors.length / 4).keys()].map((index) => errors.slice(index * 4 + 1, index * 4 + 4));
    expect(found.map(([status]) => status)).toEqual(['400', '408', '500', '502', '503', '504']);
    for (const [status, body = '', more] of found) {
      const { error } = JSON.parse(body) as { error: Record<string, string> };
      expect(Object.keys(error)).toEqual(['code', 'message', 'requestId']);
      expect(error['requestId']).toBe('%[var(txn.request_id)]');
      // Everything else that begins with % would be taken for a part of the format.
      expect(body.match(/%/g)).toHaveLength(1);
      expect(more).toBe(status === '503' ? ' hdr Retry-After 1' : '');
    }
  });

  test('keeps a request id only if it is the only one, and sane', () => {
    const [rule = '', ...others] = section('frontend http').filter((line) =>
      line.includes('set-header X-Request-ID %[unique-id]'),
    );
    expect(others).toEqual([]);
    expect(rule).toContain('unless { req.fhdr_cnt(X-Request-ID) eq 1 } { req.fhdr(X-Request-ID) -m reg ^');
  });

  test('names codes that the API describes', () => {
    const described = readFileSync('images/api/internal/httpapi/openapi.json', 'utf8');
    const codes = [...haproxyCfg().matchAll(/"code":"([^"]*)"/g)].map(([, code]) => code);
    codes.push(
      ...[...readFileSync('images/haproxy/json-errors', 'utf8').matchAll(/', '([a-z_]+)', '/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(15);
    for (const code of codes) expect(described).toContain(`"${code}"`);
  });
});

describe('several routes of a listener', () => {
  const strict = { maxRequestSize: Size.bytes(65_536), responseTimeout: Duration.seconds(60) };
  const several = [
    routeTo('/py/', py, { stripPrefix: true, ...strict }),
    routeTo('/', api),
    routeTo('/py/v1.0/', api, { stripPrefix: true }),
  ];
  const render = (routes: typeof several) =>
    sections(renderProxyConfig({ ...modelOf(), http: [{ ...listener, routes: routes.toSorted(byPrefix) }] }, at));
  const text = render(several);
  const lineWith = (section: string, words: string) => text.get(section)?.filter((line) => line.includes(words));

  test('are tried with the longest prefix first, and / last, in whatever order they were declared', () => {
    expect(text.get('frontend http')?.slice(-3)).toEqual([
      'use_backend http:py:v1.0 if { path_beg /py/v1.0/ }',
      'use_backend http:py if { path_beg /py/ }',
      'default_backend http',
    ]);
    expect([...render(several.toReversed())]).toEqual([...text]);
  });

  test('each have a backend with servers and limits of its own', () => {
    expect(lineWith('backend http:py', 'server ')).toContain('server py-0 10.0.2.2:5000 maxconn 200');
    expect(lineWith('backend http:py', 'timeout server')).toEqual(['timeout server 60000ms']);
    expect(lineWith('backend http', 'timeout server')).toEqual(['timeout server 10000ms']);
    expect(lineWith('backend http:py', 'deny_status 413')).toEqual([expect.stringMatching(/ gt 65536 }$/)]);
    expect(lineWith('backend http', 'deny_status 413')).toEqual([expect.stringMatching(/ gt 1048576 }$/)]);
    // One limit for all would be that of one of them.
    expect(lineWith('frontend http', 'deny_status 413')).toEqual([]);
    expect(lineWith('frontend http', 'http-error status')).toHaveLength(3);
    expect(lineWith('backend http:py', 'http-error status 503')).toEqual([expect.stringContaining('container of py')]);
  });

  test('take their prefix away where they should, and say in the log what the client asked for', () => {
    expect(lineWith('backend http:py', 'replace-path')).toEqual(['http-request replace-path ^/py/(.*) /\\1']);
    expect(lineWith('backend http:py:v1.0', 'replace-path')).toEqual([
      'http-request replace-path ^/py/v1[.]0/(.*) /\\1',
    ]);
    expect(lineWith('backend http', 'replace-path')).toEqual([]);
    expect(lineWith('frontend http', 'txn.path')).toContain('http-request set-var(txn.path) path');
  });

  test('answer 404 in the form of the API to what fits none of them', () => {
    expect(lineWith('frontend http', 'return status 404')).toEqual([]);
    const frontend = render(several.filter(({ prefix }) => prefix !== '/')).get('frontend http') ?? [];
    const [line = ''] = frontend.filter((one) => one.startsWith('http-request return'));
    const [, body = '', condition] =
      /^http-request return status 404 content-type application\/json lf-string '(.*)' (unless .*)$/.exec(line) ?? [];
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'not_found', requestId: '%[var(txn.request_id)]' } });
    expect(condition).toBe('unless { path_beg /py/v1.0/ /py/ }');
    expect(frontend.filter((one) => one.startsWith('default_backend'))).toEqual([]);
    // The id that it names is known by then.
    expect(frontend.indexOf('http-request set-var(txn.request_id) req.hdr(X-Request-ID)')).toBeLessThan(
      frontend.indexOf(line),
    );
  });
});

test('a check finds its password', () => {
  expect(renderProxySecrets(modelOf()).split('\n').slice(1, -1)).toEqual([
    '    setenv STATS_PASSWORD "{{secret:proxy-stats}}"',
    '    setenv PROBE_PASSWORD "{{secret:redis-probe}}"',
  ]);
});

test('checks with passwords of their own each have a variable', () => {
  const model = modelOf();
  const other = resolveRedis('cache', {}).model;
  const more = { name: 'cache', port: 6390, role: 'master', to: nodes } as const;
  const both = { ...model, tcp: [...model.tcp, resolveTcpRoute(more, roleCheck('master', other))] };
  const secrets = renderProxySecrets(both);
  const text = sections(renderProxyConfig(both, at));
  const passwordOf = (backend: string) => /AUTH probe \$\{(\w+)\}/.exec(text.get(backend)?.join('\n') ?? '')?.[1];
  for (const [backend, secret] of Object.entries({ cache: 'cache-probe', 'redis-master': 'redis-probe' })) {
    expect(secrets).toContain(`setenv ${passwordOf(`backend ${backend}`) ?? ''} "{{secret:${secret}}}"`);
  }
  expect(passwordOf('backend cache')).not.toBe(passwordOf('backend redis-master'));
});

test('each port has a share of its own, and all of them fit', () => {
  const text = haproxyCfg();
  const [all = 0, ...each] = [...text.matchAll(/^\s*maxconn (\d+)$/gm)].map((match) => Number(match[1]));
  expect(each).toHaveLength([...text.matchAll(/^\s*bind /gm)].length);
  expect(each.reduce((sum, one) => sum + one, 0)).toBe(all);
  expect(section('frontend redis-master')).toContain('tcp-request connection reject if { fe_conn gt 2000 }');
});

describe('its log', () => {
  const text = haproxyCfg();

  test('is encoded by HAProxy itself, at full length, in names that it allows', () => {
    expect(section('global')).toContain('log stdout len 65535 format short local0 info');
    const formats = [...text.matchAll(/^ +log-format "%\{\+json\}o(.*)"$/gm)].map(([, format = '']) => format);
    expect(formats).toHaveLength(5);
    for (const format of formats) {
      expect(format.replaceAll(/%\([a-z_-]+\)(\[[^\]]+\]|[a-zA-Z]+)/g, '')).toBe('');
      // By this log-run knows them.
      expect(format).toContain('%(haproxy-termination_state)ts');
    }
  });

  test("has a server's change of state once: backends log nothing, stderr has it", () => {
    const backends = [...text.matchAll(/^backend (.*)$/gm)].map(([, name = '']) => name);
    expect(backends).toHaveLength(4);
    for (const name of backends) expect(section(`backend ${name}`)).toContain('no log');
    expect(text).not.toMatch(/^listen /m);
  });

  test('leaves out who looks at the statistics, but not who is refused', () => {
    expect(section('frontend statistics')).toContain('http-after-response set-log-level silent if { status 200 }');
  });
});

describe('a Redis route', () => {
  const expected = (name: string, redis?: RedisReplicationProps) =>
    section(name, redis).flatMap((line) => /^tcp-check expect rstring (\S+) on-error "[^"]+"$/.exec(line)?.[1] ?? []);

  test('to the master asks for the role, a replica in sync and the lease, so that no ex-master gets connections', () => {
    expect(expected('backend redis-master')).toEqual([
      'role:master',
      'min_slaves_good_slaves:[1-9]',
      'rplease_writable:1',
    ]);
    expect(section('backend redis-master')).toContain('tcp-check send "INFO replication rplease\\r\\nQUIT\\r\\n"');
  });

  test.each([
    [{ minReplicasToWrite: 0 }, ['role:master', 'rplease_writable:1']],
    [{ fencing: 'off' }, ['role:master', 'min_slaves_good_slaves:[1-9]']],
    [{ minReplicasToWrite: 0, fencing: 'off' }, ['role:master']],
  ] as const)('to the master asks for no more than it needs to write: %j', (redis, words) => {
    expect(expected('backend redis-master', redis)).toEqual(words);
  });

  test('to the master takes silence for as long as the Sentinels do, and nothing else', () => {
    const lines = section('backend redis-master', { downAfter: Duration.seconds(4) });
    expect(lines).toContain('timeout check 4100ms');
    expect(lines.find((line) => line.startsWith('default-server'))).toContain(' fall 1 ');
  });

  test('to the replicas asks for one that is in sync, and takes the one with the fewest connections', () => {
    const lines = section('backend redis-replicas');
    expect(expected('backend redis-replicas')).toEqual(['role:slave', 'master_link_status:up']);
    expect(lines).toContain('balance leastconn');
  });

  test('to a Sentinel checks the connection alone', () => {
    expect(section('backend sentinel-0').filter((line) => line.startsWith('tcp-check'))).toEqual([]);
    expect(section('backend sentinel-0')).toContain(
      'default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions',
    );
  });

  test.each(['redis-master', 'redis-replicas', 'sentinel-0'])('to %s ends sessions with their server', (name) => {
    const lines = section(`backend ${name}`);
    expect(lines.filter((line) => line.endsWith(' on-marked-down shutdown-sessions'))).toHaveLength(1);
    // Without the filter, those that are just connecting would stay for ever.
    expect(section(`frontend ${name}`)).toContain(
      'tcp-request content set-bandwidth-limit unlimited if { req.len gt 0 }',
    );
  });

  test.each(['redis-master', 'redis-replicas', 'sentinel-0'])(
    'to %s has no place for clients that say nothing',
    (name) => {
      const lines = section(`frontend ${name}`);
      expect(lines).toContain('tcp-request inspect-delay 3000ms');
      expect(lines).toContain('tcp-request content reject unless { req.len gt 0 }');
    },
  );

  test('tries another replica where one takes no connection, but never another node for one that is named', () => {
    expect(section('backend redis-master')).toContain('retries 0');
    expect(section('backend sentinel-0')).toContain('retries 0');
    expect(section('backend redis-replicas')).toContain('retries 2');
  });
});
