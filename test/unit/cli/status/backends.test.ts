import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  askProxy,
  describeBackends,
  parseStatistics,
  type Routes,
  type ServerLine,
} from '../../../../cli/status/backends.js';

/** HAProxy 3.0.11, one master, two replicas, three Sentinels of which two were killed. */
const recorded = readFileSync(new URL('recorded/statistics.csv', import.meta.url), 'utf8');

const routes = (...tcp: Routes['tcp'][number][]): Routes => ({ http: [{ routes: [{ name: 'http' }] }], tcp });
const master = { name: 'redis-master', role: 'master' } as const;
const replicas = { name: 'redis-replicas', role: 'replica' } as const;
const sentinels = [0, 1, 2].map((index) => ({ name: `sentinel-${index}`, role: 'any' as const }));
const published = routes(master, replicas, ...sentinels);

const server = (backend: string, name: string, status = 'UP'): ServerLine => ({
  backend,
  server: name,
  status,
  check: status === 'UP' ? 'L7OK' : 'L4CON Connection refused',
  seconds: 12,
});

const well = [
  server('http', 'api-0'),
  server('http', 'api-1'),
  server('redis-master', 'redis-0'),
  server('redis-master', 'redis-1', 'DOWN'),
  server('redis-replicas', 'redis-0', 'DOWN'),
  server('redis-replicas', 'redis-1'),
];
const ports = routes(master, replicas);

describe("the proxy's statistics", () => {
  it('are read as HAProxy writes them', () => {
    const lines = parseStatistics(recorded);
    expect(lines.map(({ backend, server, status }) => `${backend} ${server} ${status}`)).toEqual([
      'http api-0 UP',
      'http api-1 UP',
      'redis-master redis-0 DOWN',
      'redis-master redis-1 DOWN',
      'redis-master redis-2 UP',
      'redis-node-0 redis-0 UP',
      'redis-node-1 redis-1 UP',
      'redis-node-2 redis-2 UP',
      'redis-replicas redis-0 UP',
      'redis-replicas redis-1 UP',
      'redis-replicas redis-2 DOWN',
      'sentinel-0 redis-sentinel-0 UP',
      'sentinel-1 redis-sentinel-1 DOWN',
      'sentinel-2 redis-sentinel-2 DOWN',
    ]);
    expect(lines.find(({ backend }) => backend === 'sentinel-1')?.check).toBe('L4CON Connection refused');
    expect(lines.find(({ server }) => server === 'api-0')?.check).toBe('L7OK');
  });

  it('tell that no server is a master because the one that is waits for its lease', () => {
    const fenced = { ...server('redis-master', 'redis-0', 'DOWN'), check: 'L7RSP no lease' };
    const lines = well.map((line) => (line.backend === 'redis-master' && line.server === 'redis-0' ? fenced : line));
    expect(describeBackends(lines, ports).findings.map(({ problem }) => problem)).toEqual([
      'redis-0 is the master and waits for its lease: it takes no writes until most Sentinels answer it.',
      "the proxy's redis-master leads to no server; 1 of 2 servers should be up.",
    ]);
    expect(describeBackends(well, ports).findings).toEqual([]);
  });

  it('say what is down, but not that replicas are no masters', () => {
    const { statuses, findings } = describeBackends(parseStatistics(recorded), published);
    expect(statuses.filter(({ ok }) => ok).map(({ name }) => name)).toEqual([
      'http',
      'redis-master',
      'redis-replicas',
      'sentinel-0',
    ]);
    expect(findings).toEqual([
      {
        about: 'redis-sentinel-1',
        problem: expect.stringMatching(
          /^the proxy's sentinel-1 has redis-sentinel-1 as DOWN for \d+ s \(L4CON Connection refused\)\.$/,
        ) as unknown,
      },
      { about: 'redis-sentinel-2', problem: expect.stringContaining('redis-sentinel-2 as DOWN') as unknown },
    ]);
  });

  it('are read with quotes and commas in a check', () => {
    const [line] = parseStatistics(
      '# pxname,svname,status,check_status,last_chk,lastchg,\nhttp,api-0,DOWN,L7STS,"a, ""b""",3,\n',
    );
    expect(line).toEqual({ backend: 'http', server: 'api-0', status: 'DOWN', check: 'L7STS a, "b"', seconds: 3 });
  });

  it('are well with exactly one master and all others as replicas', () => {
    expect(describeBackends(well, ports).findings).toEqual([]);
    const alone = [server('redis-master', 'redis-0'), server('redis-replicas', 'redis-0', 'DOWN')];
    expect(describeBackends(alone, { http: [], tcp: [master, replicas] }).findings).toEqual([]);
  });

  it.each([
    [
      'redis-master',
      'redis-1',
      'UP',
      "the proxy's redis-master leads to redis-0, redis-1; 1 of 2 servers should be up.",
    ],
    ['redis-master', 'redis-0', 'DOWN', "the proxy's redis-master leads to no server; 1 of 2 servers should be up."],
    [
      'redis-replicas',
      'redis-1',
      'MAINT',
      "the proxy's redis-replicas leads to no server; 1 of 2 servers should be up.",
    ],
    ['http', 'api-1', 'DOWN 1/2', "the proxy's http has api-1 as DOWN 1/2 for 12 s (L4CON Connection refused)."],
  ])('%s with %s %s is a problem', (backend, name, status, problem) => {
    const lines = well.map((line) =>
      line.backend === backend && line.server === name ? server(backend, name, status) : line,
    );
    expect(describeBackends(lines, ports).findings.map((finding) => finding.problem)).toEqual([problem]);
  });

  it('lack a backend that is published', () => {
    expect(
      describeBackends(well, { ...ports, http: [...ports.http, { routes: [{ name: 'grafana' }] }] }, 'edge-0').findings,
    ).toEqual([{ about: 'edge-0', problem: expect.stringContaining('has no backend grafana') as unknown }]);
  });

  it('are asked for with a password, and a wrong one is a problem, not an error', async () => {
    const page = await listen((request, response) => {
      const [, credentials = ''] = (request.headers.authorization ?? '').split(' ');
      response.statusCode = Buffer.from(credentials, 'base64').toString() === 'admin:right' ? 200 : 401;
      response.end(response.statusCode === 200 && request.url === '/;csv' ? recorded : '');
    });
    const ask = (...passwords: string[]) => askProxy({ url: page.url, username: 'admin', passwords }, routes());
    expect((await ask('right')).statuses).toMatchObject([{ name: 'http', ok: true }]);
    expect((await ask('new', 'right')).statuses).toMatchObject([{ name: 'http', ok: true }]);
    expect((await ask('new', 'wrong')).findings[0]?.problem).toContain('does not accept its password');
    expect((await ask('wrong')).findings[0]?.problem).toContain('does not accept its password');
    page.close();
  });

  it('that nobody serves are a problem, not an error', async () => {
    const page = await listen(() => undefined);
    page.close();
    const { findings } = await askProxy({ url: page.url, username: 'admin', passwords: ['right'] }, routes());
    expect(findings[0]?.problem).toMatch(/statistics page .* does not answer \(.*ECONNREFUSED/);
  });
});

async function listen(answer: RequestListener): Promise<{ url: string; close: () => void }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}
