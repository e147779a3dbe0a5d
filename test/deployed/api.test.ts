import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { Faults, restarted, startedAt } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';

const platform = usePlatform();
/** Keys of this run, so that it does not matter what is stored already. */
const run = randomBytes(4).toString('hex');
const item = (name: string) => `/v1/items/${run}-${name}`;
const counter = (name: string) => `/v1/counters/${run}-${name}`;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Bodies are sent as JSON; a text is sent as it is. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${platform().outputs.api.url}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(5000),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

describe('items', () => {
  it('are created, read, replaced and deleted', async () => {
    const path = item('crud');
    const created = await ask('PUT', path, { value: { a: [1, null, 'é'] } });
    expect([created.status, created.body]).toEqual([
      201,
      expect.objectContaining({ value: { a: [1, null, 'é'] }, ttlSeconds: null }),
    ]);
    const read = await ask('GET', path);
    expect([read.status, read.body]).toEqual([200, created.body]);
    expect((await ask('PUT', path, { value: 2 })).status).toBe(200);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('DELETE', path)).status).toBe(404);
  });

  it('are changed under If-Match only in the version that was read', async () => {
    const path = item('etag');
    const first = (await ask('PUT', path, { value: 1 })).headers.get('etag') ?? '';
    expect(first).toMatch(/^"\d+"$/);
    expect((await ask('GET', path)).headers.get('etag')).toBe(first);
    const second = await ask('PUT', path, { value: 2 }, { 'if-match': first });
    expect(second.status).toBe(200);
    for (const method of ['PUT', 'DELETE']) {
      const stale = await ask(method, path, method === 'PUT' ? { value: 3 } : undefined, { 'if-match': first });
      expect([method, stale.status]).toEqual([method, 412]);
    }
    expect((await ask('PUT', path, { value: 4 }, { 'if-none-match': '*' })).status).toBe(412);
    expect((await ask('GET', path)).body).toMatchObject({ value: 2 });
    expect((await ask('DELETE', path, undefined, { 'if-match': second.headers.get('etag') ?? '' })).status).toBe(204);
  });

  it('with If-Match are changed by exactly one of many at once', async () => {
    const path = item('race');
    const etag = (await ask('PUT', path, { value: 0 })).headers.get('etag') ?? '';
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, value) => ask('PUT', path, { value }, { 'if-match': etag })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(412)]);
  });

  it('expire after ttlSeconds, and say how long they still have', async () => {
    const path = item('ttl');
    await ask('PUT', path, { value: 1, ttlSeconds: 1 });
    expect((await ask('GET', path)).body).toMatchObject({ ttlSeconds: 1 });
    await pause(1300);
    expect((await ask('GET', path)).status).toBe(404);
    await ask('PUT', path, { value: 1, ttlSeconds: 100 });
    // Without ttlSeconds, an item that would expire is kept.
    expect((await ask('PUT', path, { value: 2 })).body).toMatchObject({ ttlSeconds: null });
    await ask('DELETE', path);
  });
});

describe('counters', () => {
  it('count every one of many steps at once, through both containers', async () => {
    const path = counter('all');
    const steps = 200;
    const answers = await Promise.all(Array.from({ length: steps }, () => ask('POST', path)));
    expect(new Set(answers.map(({ body }) => (body as { value: number }).value)).size).toBe(steps);
    expect((await ask('POST', path, { by: -50 })).body).toMatchObject({ value: steps - 50 });
    expect((await ask('GET', path)).body).toMatchObject({ value: steps - 50 });
  });

  it('do not overflow', async () => {
    const path = counter('range');
    await ask('POST', path, '{"by": 9223372036854775807}');
    expect((await ask('POST', path)).status).toBe(409);
  });
});

describe('what cannot be served', () => {
  const long = 'k'.repeat(129);
  const cases: readonly [string, number, () => Promise<Answer>][] = [
    ['a key that is too long', 400, () => ask('GET', `/v1/items/${long}`)],
    ['a key with a control character', 400, () => ask('GET', '/v1/items/a%0Ab')],
    ['a body that is no JSON', 400, () => ask('PUT', item('x'), '{"value":')],
    ['a body without a value', 400, () => ask('PUT', item('x'), {})],
    ['a body with an unknown field', 400, () => ask('PUT', item('x'), { value: 1, ttl: 1 })],
    ['a life time below a second', 400, () => ask('PUT', item('x'), { value: 1, ttlSeconds: 0.5 })],
    ['a negative life time', 400, () => ask('PUT', item('x'), { value: 1, ttlSeconds: -1 })],
    ['a malformed If-Match', 400, () => ask('PUT', item('x'), { value: 1 }, { 'if-match': 'x' })],
    ['another content type', 415, () => ask('PUT', item('x'), '{"value":1}', { 'content-type': 'text/plain' })],
    ['a body above the limit of the API', 413, () => ask('PUT', item('x'), { value: 'x'.repeat(70_000) })],
    ['a body above the limit of the proxy', 413, () => ask('PUT', item('x'), { value: 'x'.repeat(1_100_000) })],
    ['a path that leads nowhere', 404, () => ask('GET', '/v2/items/x')],
    ['a method that is not allowed', 405, () => ask('PATCH', item('x'), { value: 1 })],
  ];
  for (const [what, status, act] of cases) {
    it(`${what} is refused with ${status} and a JSON error`, async () => {
      const answer = await act();
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        status,
        expect.stringContaining('application/json'),
      ]);
      expect(answer.body).toMatchObject({
        error: { code: expect.any(String) as unknown, message: expect.any(String) as unknown },
      });
      if (status === 405) expect(answer.headers.get('allow')).toBe('DELETE, GET, HEAD, PUT');
    });
  }

  it('nothing of it was stored', async () => {
    expect((await ask('GET', item('x'))).status).toBe(404);
  });
});

describe('the proxy', () => {
  it('leads to every API container in turn, and does not say what it is', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('GET', '/health')));
    expect(answers.map(({ status, headers }) => [status, headers.get('server')])).toEqual(
      answers.map(() => [200, null]),
    );
    const status = await platform().status();
    const servers = status.backends.find(({ name }) => name === 'http')?.servers ?? [];
    expect(servers.map(({ name, up }) => [name, up])).toEqual(
      platform()
        .service('api')
        .instances.map(({ name }) => [name, true]),
    );
    const before = await requestsByServer();
    for (let request = 0; request < 10; request++) await ask('GET', '/live');
    const after = await requestsByServer();
    const counts = [...after].map(([name, count]) => count - (before.get(name) ?? 0));
    expect(counts).toHaveLength(servers.length);
    for (const count of counts) expect(count).toBeGreaterThanOrEqual(Math.floor(10 / servers.length));
  });

  it('shows its statistics only to those who know the password', async () => {
    const { url } = platform().outputs.statistics;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: basic('admin', 'wrong') })).status).toBe(401);
    expect((await statistics()).status).toBe(200);
  });

  it(
    'costs no more than the requests in flight when an API container is killed under load',
    async () => {
      const workers = 8;
      const [victim = ''] = platform()
        .service('api')
        .instances.map(({ name }) => name);
      const before = await startedAt(platform(), victim);
      const failures: string[] = [];
      let answered = 0;
      let over = false;
      let slowest = 0;
      const work = Promise.all(
        Array.from({ length: workers }, async (_, worker) => {
          while (!over) {
            const begun = Date.now();
            const status = await ask('PUT', item(`load-${worker}`), { value: answered, ttlSeconds: 60 }).then(
              (answer) => answer.status,
              (error: unknown) => String(error),
            );
            slowest = Math.max(slowest, Date.now() - begun);
            if (status === 200 || status === 201) answered++;
            else failures.push(String(status));
          }
        }),
      );
      await pause(500);
      await new Faults(platform()).killContainerProcess(victim);
      await restarted(platform(), victim, before);
      await pause(1500);
      over = true;
      await work;
      note(`API container killed: ${answered} requests answered, ${failures.length} failed, slowest ${slowest} ms`);
      expect(answered).toBeGreaterThan(100);
      expect(failures.length).toBeLessThanOrEqual(workers);
      expect(slowest).toBeLessThan(4000);
    },
    Duration.seconds(60),
  );

  function basic(user: string, password: string): Record<string, string> {
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }
  function statistics(): Promise<Response> {
    const { url, username, password } = platform().outputs.statistics;
    return fetch(`${url};csv`, { headers: basic(username, password ?? '') });
  }
  /** Sessions that the proxy led to each API container so far. */
  async function requestsByServer(): Promise<Map<string, number>> {
    const [header = '', ...lines] = (await (await statistics()).text()).split('\n');
    const columns = header.replace('# ', '').split(',');
    const rows = lines
      .map((line) => line.split(','))
      .filter(([backend, server]) => backend === 'http' && !['FRONTEND', 'BACKEND'].includes(server ?? ''));
    return new Map(rows.map((row) => [row[1] ?? '', Number(row[columns.indexOf('stot')])]));
  }
});
