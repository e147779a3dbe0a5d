import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { command, Faults, restarted, startedAt } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { LogLines } from '../support/log-lines.js';
import { NumberedRequests, quantile } from '../support/numbered-requests.js';
import { secretsIn, secretValues } from '../support/secrets.js';

const platform = usePlatform({ restore: (used) => new Faults(used).undo() });
const faults = () => new Faults(platform());
const lines = () => new LogLines(platform());
/** Part of everything that this run writes. */
const run = randomBytes(4).toString('hex');
const SOON = Duration.seconds(20);
/** Elasticsearch starts in 10 s on an idle machine, and in a minute on a busy one. */
const CAUGHT_UP_WITHIN = Duration.seconds(180);

const shipper = () => (platform().topology.services.some(({ name }) => name === 'rsyslog') ? 'rsyslog' : 'filebeat');
const api = (path: string, init: RequestInit = {}) =>
  fetch(`${platform().outputs.api.url}${path}`, { ...init, signal: AbortSignal.timeout(5000) });
const json = { 'content-type': 'application/json' };

describe('every line', () => {
  it(
    'of every container is found, with the names of the Elastic Common Schema',
    async () => {
      for (const { name: service, instances } of platform().topology.services) {
        for (const { name } of instances) {
          const [line] = await lines().arrived({ term: { 'service.instance': name } }, 1, SOON, 1);
          expect(line).toMatchObject({ 'service.name': service, 'service.instance': name });
          expect(line?.['@timestamp']).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
          expect(line?.['log.level']).toMatch(/^(debug|info|warn|error|fatal)$/);
          expect(typeof line?.['message']).toBe('string');
        }
      }
      // The store looks through all of them, since there may be a hundred thousand of each.
      const names = ['@timestamp', 'event.id', 'service.name', 'service.instance', 'message'];
      const odd = { bool: { must_not: { bool: { filter: names.map((field) => ({ exists: { field } })) } } } };
      expect((await lines().find(odd, 10)).map(({ line }) => line)).toEqual([]);
    },
    Duration.seconds(120),
  );

  it('about one request carries the id that the client sent, or else one that the proxy made', async () => {
    const own = `${run}-own`;
    const answers = [
      await api(`/v1/items/${run}-a`, { headers: { 'X-Request-ID': own } }),
      await api(`/v1/items/${run}-b`),
    ];
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    expect(ids).toEqual([own, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    for (const [index, id] of ids.entries()) {
      const found = await lines().arrived({ term: { 'request.id': id } }, 2, SOON);
      expect(found.map((line) => line['service.name']).sort()).toEqual(['api', 'proxy']);
      for (const line of found) {
        expect(line).toMatchObject({
          'http.request.method': 'GET',
          'url.path': `/v1/items/${run}-${'ab'[index]}`,
          'http.response.status_code': 404,
          'event.duration': expect.any(Number),
        });
      }
    }
  });

  it('that a client could have written itself is refused as a request id', async () => {
    const answer = await api(`/v1/items/${run}-c`, { headers: { 'X-Request-ID': 'a","log.level":"fatal' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('that an image writes by its own means is completed: text and JSON, whatever is in it', async () => {
    const own = [
      `plain text ${run} with "quotes" and \\ and ä`,
      JSON.stringify({
        message: `json ${run}`,
        'log.level': 'error',
        http: { response: { status_code: 'none' } },
        error: 'x',
      }),
      JSON.stringify({ '@timestamp': '2020-02-03T04:05:06Z', message: `old ${run}` }),
    ];
    await lines().writeFile('api-0', 'own', own);
    const found = await lines().arrived({ terms: { 'message.raw': [own[0], `json ${run}`, `old ${run}`] } }, 2, SOON);
    for (const line of found) expect(line).toMatchObject({ service: { name: 'api', instance: 'api-0' } });
  });
});

describe('no line', () => {
  it(
    'is lost or stored twice when Elasticsearch is away for 60 s and the shipper is killed meanwhile',
    async () => {
      const requests = new NumberedRequests(platform(), `${run}-outage`, 100);
      const running = requests.run();
      await pause(10_000);
      const before = requests.took.splice(0);
      await faults().stop('elasticsearch-0');
      for (let kill = 0; kill < 2; kill++) {
        await pause(20_000);
        await killShipper();
      }
      await pause(20_000);
      const during = requests.took.splice(0);
      await faults().start('elasticsearch-0');
      await pause(15_000);
      await killShipper();
      await requests.stop();
      await running;
      expect(requests.failed).toBe(0);
      note(
        `API p99: ${quantile(before, 0.99).toFixed(1)} ms, and ${quantile(during, 0.99).toFixed(1)} ms without Elasticsearch`,
      );
      await expectAll(requests);
    },
    Duration.seconds(330),
  );

  it(
    'holds a secret, a value of an item or what a client sent by mistake',
    async () => {
      const canary = `canary-${run}`;
      const bodies = [
        { value: canary },
        { value: { deep: [canary] }, ttlSeconds: 60 },
        { value: canary, unknown: canary },
        { valeu: canary },
        { value: canary, ttlSeconds: canary },
      ].map((body) => JSON.stringify(body));
      for (const body of [...bodies, `{"value": "${canary}`, canary, `{"value": ${canary}}`, `"${canary}"`]) {
        await api(`/v1/items/${run}-quiet`, { method: 'PUT', headers: json, body });
        await api(`/v1/items/${run}-quiet?secret=${canary}`, { headers: { Authorization: canary, Cookie: canary } });
        await api(`/v1/counters/${run}-quiet/increments`, { method: 'POST', headers: json, body });
      }
      await platform().atMaster().set(`${run}-direct`, canary);
      const marker = `${run}-after`;
      await api(`/v1/items/${marker}`);
      await lines().arrived({ term: { 'url.path': `/v1/items/${marker}` } }, 2, SOON);
      const all = await lines().find();
      expect(all.length).toBeGreaterThan(1000);
      expect(all.filter(({ line }) => JSON.stringify(line).includes(canary))).toEqual([]);
      expect(secretsIn(JSON.stringify(all), secretValues(platform()))).toEqual([]);
      // The search itself works: what clients did is there, without what they sent.
      expect(JSON.stringify(all)).toContain(`/v1/items/${run}-quiet`);
    },
    Duration.seconds(60),
  );

  it(
    'older than retention allows stays',
    async () => {
      const old = new Date(Date.now() - 30 * 86_400_000);
      const begin = new Date();
      expect((await lines().add([{ day: old, fields: { message: run } }])).status).toBe(200);
      await eventually(
        async () => {
          expect(await lines().indices()).not.toContain(lines().indexOf(old));
        },
        { within: Duration.seconds(90), every: 1000 },
      );
      expect(await lines().indices()).toContain(lines().indexOf(begin));
      const deleted = {
        bool: {
          filter: [
            { term: { 'event.action': 'retention' } },
            { match_phrase: { message: 'deleted an index' } },
            { range: { '@timestamp': { gte: begin.toISOString() } } },
          ],
        },
      };
      const told = await lines().arrived(deleted, 1, SOON);
      expect(told).toContainEqual(
        expect.objectContaining({ 'elasticsearch.index.name': lines().indexOf(old), reason: 'age' }),
      );
    },
    Duration.seconds(120),
  );
});

describe('the users of the store', () => {
  it('may do their part and nothing else', async () => {
    const index = `/${lines().indexOf(new Date())}`;
    const statusOf = async (user: string | undefined, method: string, path: string, body?: object) =>
      (await lines().call(method, path, { ...(user !== undefined && { user }), ...(body && { body }) })).status;
    const search = `/${lines().pattern}/_search`;
    expect(await statusOf('reader', 'GET', search)).toBe(200);
    for (const [user, method, path, body] of [
      [undefined, 'GET', search],
      [undefined, 'GET', '/_cluster/health'],
      ['reader', 'PUT', `${index}/_create/x`, { message: 'x' }],
      ['reader', 'DELETE', index],
      ['reader', 'GET', '/_security/user'],
      ['shipper', 'GET', search],
      ['shipper', 'DELETE', index],
      ['keeper', 'GET', search],
      ['keeper', 'PUT', `${index}/_create/x`, { message: 'x' }],
      ['keeper', 'PUT', '/other-index'],
    ] as const) {
      expect([user, method, path, await statusOf(user, method, path, body)]).toEqual([
        ...[user, method, path],
        user === undefined ? 401 : 403,
      ]);
    }
  });
});

describe('npm run logs', () => {
  it(
    'prints what it finds and ends as grep does',
    async () => {
      await api(`/v1/items/${run}-cli`, { headers: { 'X-Request-ID': `${run}-cli` } });
      await lines().arrived({ term: { 'request.id': `${run}-cli` } }, 2, SOON);
      const found = await command(platform(), 'logs', '--service', 'api', '--grep', `${run}-cli`);
      expect([found.exitCode, found.stdout]).toEqual([
        0,
        expect.stringMatching(new RegExp(`api-\\d.*GET /v1/items/${run}-cli`)),
      ]);
      const asJson = await command(platform(), 'logs', '--request', `${run}-cli`, '--json');
      const parsed = asJson.stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(parsed.map((line) => line['service.name']).sort()).toEqual(['api', 'proxy']);
      expect((await command(platform(), 'logs', '--grep', `${run}-never-written`)).exitCode).toBe(1);
      const unknown = await command(platform(), 'logs', '--service', 'nobody');
      expect([unknown.exitCode, unknown.all]).toEqual([2, expect.stringContaining('elasticsearch')]);
    },
    Duration.seconds(60),
  );

  it(
    'says what is wrong while the store is away, and status does too',
    async () => {
      await faults().stop('elasticsearch-0');
      const asked = await command(platform(), 'logs');
      expect([asked.exitCode, asked.all]).toEqual([2, expect.stringContaining('npm run status')]);
      const status = await platform().status();
      expect([status.ok, status.serving]).toEqual([false, true]);
      await faults().start('elasticsearch-0');
      await platform().healthy(Duration.seconds(120));
    },
    Duration.seconds(180),
  );
});

async function killShipper(): Promise<void> {
  const name = `${shipper()}-0`;
  const before = await startedAt(platform(), name);
  await faults().killContainerProcess(name);
  await restarted(platform(), name, before);
}

/** Each request has exactly one line of the proxy and one of the API. */
async function expectAll(requests: NumberedRequests): Promise<void> {
  const query = { prefix: { 'url.path': `/v1/items/${requests.prefix}-` } };
  const found = await lines().arrived(query, 2 * requests.sent, CAUGHT_UP_WITHIN);
  for (const service of ['api', 'proxy']) {
    const paths = found.filter((line) => line['service.name'] === service).map((line) => String(line['url.path']));
    expect(paths.length).toBe(requests.sent);
    expect(new Set(paths)).toEqual(requests.paths);
  }
  note(`${found.length} lines of ${requests.sent} requests arrived, each once`);
}
