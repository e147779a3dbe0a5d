import { randomBytes } from 'node:crypto';
import { describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { Faults } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { type RawAnswer, sendRaw } from '../support/raw-http.js';

const platform = usePlatform({ restore: (of) => new Faults(of).undo() });
const run = randomBytes(4).toString('hex');
const item = (name: string) => `/v1/items/${run}-${name}`;
const url = () => platform().outputs.api.url;
const apis = (of: ReturnType<typeof platform>) => of.service('api').instances.map(({ name }) => name);

/** A head of a request, and whatever follows it. */
function raw(start: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> {
  return sendRaw(url(), [`${start} HTTP/1.1`, 'Host: api', 'Connection: close', ...headers, '', body].join('\r\n'));
}

/** @returns the request id of the error, or undefined */
function expectProblem(answer: RawAnswer, status: number, code: string): string | undefined {
  const { error } = JSON.parse(answer.body) as { error: { code: string; message: string; requestId?: string } };
  expect([answer.status, answer.headers['content-type'], error.code]).toEqual([status, 'application/json', code]);
  expect(error.message).not.toBe('');
  expect(error.requestId).toBe(answer.headers['x-request-id']);
  return error.requestId;
}

describe('an error is JSON with a code', () => {
  const cases: readonly [string, number, string, () => Promise<RawAnswer>][] = [
    ['a bad escape', 400, 'bad_request', () => raw('GET /v1/items/%zz')],
    [
      'half an escape, with a body',
      400,
      'bad_request',
      () => raw('PUT /v1/items/%', ['Content-Length: 90000'], 'x'.repeat(90_000)),
    ],
    ['a control character in a header', 400, 'bad_request', () => raw('GET /live', ['X: \x01'])],
    ['an unknown expectation', 417, 'expectation_failed', () => raw('GET /live', ['Expect: x'])],
    ['a question about everything', 404, 'no_such_route', () => raw('OPTIONS *')],
    [
      'a compressed body',
      415,
      'unsupported_content_encoding',
      () =>
        raw(
          `PUT ${item('x')}`,
          ['Content-Type: application/json', 'Content-Encoding: gzip', 'Content-Length: 2'],
          '{}',
        ),
    ],
    [
      'too large for the API',
      413,
      'body_too_large',
      () => raw(`PUT ${item('x')}`, ['Content-Length: 900000'], 'x'.repeat(900_000)),
    ],
    [
      'too large for the proxy',
      413,
      'body_too_large',
      () => raw(`PUT ${item('x')}`, ['Content-Length: 9000000'], 'x'.repeat(9_000_000)),
    ],
  ];
  for (const [what, status, code, act] of cases) {
    it(`and the request's id: ${what}`, async () => {
      expect(expectProblem(await act(), status, code)).toMatch(/^[0-9a-f-]{36}$/);
    });
  }

  const unread: readonly [string, () => Promise<RawAnswer>][] = [
    ['garbage', () => sendRaw(url(), 'GARBAGE\r\n\r\n')],
    ['a header line that is none', () => raw('GET /live', ['X Y: 1'])],
    ['a path that is not escaped', () => raw('GET /v1/items/\xe9')],
    ['a body that is no chunk', () => raw('PUT /v1/items/x', ['Transfer-Encoding: chunked'], 'zz\r\n')],
    ['two lengths', () => raw('PUT /v1/items/x', ['Content-Length: 1', 'Content-Length: 2'], 'xx')],
    ['a head of 20 KB', () => raw('GET /live', [`X: ${'x'.repeat(20_000)}`])],
    ['a head of 300 lines', () => raw('GET /live', Array<string>(300).fill('X: x'))],
  ];
  for (const [what, act] of unread) {
    it(`what the proxy cannot read as a request: ${what}`, async () => {
      expect(expectProblem(await act(), 400, 'bad_request')).toBeUndefined();
    });
  }

  it('a head that does not come to its end', async () => {
    expectProblem(await sendRaw(url(), 'GET /live HTTP/1.1\r\nHost: api\r\n'), 408, 'request_timeout');
  });

  it(
    'no container that answers: first in time, then at all',
    async () => {
      const faults = new Faults(platform());
      await faults.freeze(...apis(platform()));
      const codes = new Set<string>();
      await eventually(
        async () => {
          const answer = await raw('GET /live');
          const { error } = JSON.parse(answer.body) as { error: { code: string } };
          codes.add(error.code);
          expect(expectProblem(answer, 503, 'unavailable')).toMatch(/^[0-9a-f-]{36}$/);
          expect(answer.headers['retry-after']).toBe('1');
        },
        { within: Duration.seconds(40) },
      );
      // Whoever asked before the checks had failed waited for the whole response time.
      expect([...codes]).toEqual(['gateway_timeout', 'unavailable']);
      await faults.unfreeze(...apis(platform()));
      await platform().healthy();
    },
    Duration.seconds(120),
  );
});

describe('a request id', () => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    ['that is sane stays', ['X-Request-ID: a-1/b'], /^a-1\/b$/],
    ['is made for two of them', ['X-Request-ID: a', 'X-Request-ID: b'], /^[0-9a-f-]{36}$/],
    ['is made for a sane one beside another', ['x-request-id: a', 'X-Request-ID: <b>'], /^[0-9a-f-]{36}$/],
    ['is made for a list', ['X-Request-ID: a, b'], /^[0-9a-f-]{36}$/],
    ['is made for what could write lines', ['X-Request-ID: a","b":"c'], /^[0-9a-f-]{36}$/],
    ['is made for an empty one', ['X-Request-ID:'], /^[0-9a-f-]{36}$/],
    ['is made for a long one', [`X-Request-ID: ${'a'.repeat(129)}`], /^[0-9a-f-]{36}$/],
  ];
  for (const [what, headers, id] of cases) {
    it(`${what}, and is the same in header and body of every answer`, async () => {
      expect(expectProblem(await raw(`GET ${item('none')}`, headers), 404, 'not_found')).toMatch(id);
      expect(expectProblem(await raw('GET /%zz', headers), 400, 'bad_request')).toMatch(id);
      expect(
        expectProblem(
          await raw(`PUT ${item('x')}`, [...headers, 'Content-Length: 2000000'], 'x'.repeat(2_000_000)),
          413,
          'body_too_large',
        ),
      ).toMatch(id);
    });
  }
});

describe('an item', () => {
  const put = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${url()}${item('own')}`, {
      method: 'PUT',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const get = (headers: Record<string, string> = {}) => fetch(`${url()}${item('own')}`, { headers });

  it('can be put back as it was read, and is not sent again to those who have it', async () => {
    expect((await put('\ufeff{"value":[1,null],"ttlSeconds":60.0}')).status).toBe(201);
    const read = await get();
    const etag = read.headers.get('etag') ?? '';
    const same = await get({ 'if-none-match': `"a,b",, W/${etag}` });
    expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, etag, '']);
    const back = await put(await read.text(), { 'if-match': `,"a,b", ${etag} ,` });
    expect(back.status).toBe(200);
    expect((await get({ 'if-none-match': etag })).status).toBe(200);
    expect(await back.json()).toMatchObject({ value: [1, null], ttlSeconds: expect.any(Number) as unknown });
  });

  it('is not written under an empty condition', async () => {
    const before = (await get()).headers.get('etag');
    for (const headers of [['If-Match:'], ['If-Match: ,'], ['If-None-Match:']]) {
      const all = ['Content-Type: application/json', 'Content-Length: 11', ...headers];
      expectProblem(await raw(`PUT ${item('own')}`, all, '{"value":1}'), 400, 'invalid_precondition');
      expectProblem(await raw(`DELETE ${item('own')}`, headers), 400, 'invalid_precondition');
    }
    expect((await get()).headers.get('etag')).toBe(before);
  });
});

describe('an upload above the limit', () => {
  const sizes: readonly [string, number, boolean][] = [
    ['of the API', 70_000, false],
    ['of the API, far', 1_000_000, false],
    ['of the API, in chunks', 3_000_000, true],
    ['of the proxy', 3_000_000, false],
  ];
  for (const [what, size, chunked] of sizes) {
    it(
      `${what} is always a clean 413`,
      async () => {
        const text = JSON.stringify({ value: 'x'.repeat(size) });
        const got: Record<string, number> = {};
        for (let round = 0; round < 50; round++) {
          const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, duplex: 'half' as const };
          const result = await fetch(`${url()}${item('large')}`, {
            ...init,
            body: chunked ? new Blob([text]).stream() : text,
          }).then(
            async (answer) => `${answer.status} ${((await answer.json()) as { error: { code: string } }).error.code}`,
            (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
          );
          got[result] = (got[result] ?? 0) + 1;
        }
        note(`50 uploads of ${size} bytes: ${JSON.stringify(got)}`);
        expect(got).toEqual({ '413 body_too_large': 50 });
      },
      Duration.seconds(120),
    );
  }
});
