import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { readNewest } from '../../../../cli/logs/newest.js';
import type { Selection } from '../../../../cli/logs/selection.js';
import { LogStore, type StoreAccess, StoreUnavailable } from '../../../../cli/logs/store.js';
import { StoreServer } from './store-server.js';
import { anySelection as selection } from './any-selection.js';

/** Elasticsearch 9.0.0, distribution for integration tests; a line with nested fields, as rsyslog completes them. */
const RECORDED = `{"took":490,"timed_out":false,"_shards":{"total":2,"successful":2,"skipped":0,"failed":0},"hits":{"max_score":null,
"hits":[{"_index":"platform-logs-2026.11.22","_id":"api-0-34","_seq_no":12999,"_primary_term":1,"_score":null,
"_source":{"@timestamp":"2026-11-22T10:00:00Z","message":"own json","event":{"id":"api-0-34"},"service":{"name":"api"}},
"sort":["2026-11-22T10:00:00.000000000Z","api-0-34"]}]}}`;
const NO_INDEX =
  '{"took":1,"timed_out":false,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0},"hits":{"max_score":0.0,"hits":[]}}';
const WRONG_PASSWORD =
  '{"error":{"type":"security_exception","reason":"unable to authenticate user [reader]"},"status":401}';

const stop = new AbortController().signal;

let server: StoreServer;
let access: StoreAccess;

beforeEach(async () => {
  server = new StoreServer();
  access = await server.start();
});
afterEach(() => server.stop());

const answering =
  (status: number, text: string): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
const search = (ms = 60_000, signal?: AbortSignal) => new LogStore(access, ms).search({}, signal);

describe('the log store', () => {
  it('is read as Elasticsearch answers, with the password, and never a part', async () => {
    let asked: unknown;
    server.instead = (request, response) => {
      asked = [request.method, request.url, request.headers.authorization];
      answering(200, RECORDED)(request, response);
    };
    expect(await search()).toEqual([
      {
        index: 'platform-logs-2026.11.22',
        id: 'api-0-34',
        number: 12_999,
        sort: ['2026-11-22T10:00:00.000000000Z', 'api-0-34'],
        line: {
          '@timestamp': '2026-11-22T10:00:00Z',
          message: 'own json',
          'event.id': 'api-0-34',
          'service.name': 'api',
        },
      },
    ]);
    const credentials = Buffer.from('reader:secret').toString('base64');
    expect(asked).toEqual([
      'POST',
      '/platform-logs-*/_search?allow_partial_search_results=false',
      `Basic ${credentials}`,
    ]);
  });

  it('may have no index yet', async () => {
    server.instead = answering(200, NO_INDEX);
    expect(await search()).toEqual([]);
    expect(await new LogStore(access).marks(selection)).toEqual(new Map());
  });

  it.each([
    [401, WRONG_PASSWORD, "does not accept reader's password"],
    [200, '<html>', 'does not do so as Elasticsearch 9 (got <html>)'],
    [200, '{"hello":"world"}', 'does not do so as Elasticsearch 9'],
    [400, '{"error":"x"}', 'does not do so as Elasticsearch 9 (got HTTP status 400: {"error":"x"})'],
  ])('that answers %i %s is not waited for', async (status, text, message) => {
    server.instead = answering(status, text);
    await expect(search()).rejects.toThrow(message);
    await expect(search()).rejects.not.toBeInstanceOf(StoreUnavailable);
  });

  it.each([429, 502, 503, 504])('that answers %i may be asked again later', async (status) => {
    server.instead = answering(status, '');
    await expect(search()).rejects.toThrow(StoreUnavailable);
    await expect(search()).rejects.toThrow(`does not answer (got HTTP status ${status}): It may still be starting.`);
  });

  it('that is not there, hangs up or says nothing may be asked again later', async () => {
    server.instead = (request) => request.socket.destroy();
    await expect(search()).rejects.toThrow(StoreUnavailable);
    server.instead = () => undefined;
    await expect(search(100)).rejects.toThrow('(got no answer within 0.1 s)');
    await server.stop();
    await expect(search()).rejects.toThrow(/ECONNREFUSED/);
    await expect(search()).rejects.toThrow(StoreUnavailable);
  });

  it('is not waited for any longer once that is stopped', async () => {
    server.instead = () => undefined;
    const abort = new AbortController();
    const answer = search(60_000, abort.signal);
    abort.abort();
    await expect(answer).rejects.toThrow(/abort/i);
  });
});

describe('the newest lines', () => {
  const time = (n: number) => new Date(Date.UTC(2026, 10, 22, 17) + n).toISOString();
  const read = (limit: number, more: Partial<Selection> = {}) =>
    readNewest(new LogStore(access), { ...selection, ...more }, { limit, stop });
  const ids = (hits: readonly { id: string }[]) => hits.map(({ id }) => id);

  it('come page by page, each once, the newest last, also those of one moment', async () => {
    const expected = Array.from({ length: 12_345 }, (_, n) => `id-${String(n).padStart(5, '0')}`);
    // Three at a time.
    expected.forEach((id, n) => {
      server.lines.push({ index: 'a', number: n, source: { '@timestamp': time(Math.floor(n / 3)), 'event.id': id } });
    });
    const { hits, more } = await read(100_000);
    expect(ids(hits)).toEqual(expected);
    expect(more).toBe(false);
    expect(server.searches).toHaveLength(13);
  });

  it('are as many as the limit says, and whether there are more is known', async () => {
    for (let n = 0; n < 5; n += 1) server.add(`id-${n}`, time(n));
    const four = await read(4);
    expect(ids(four.hits)).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
    expect(four.more).toBe(true);
    expect((await read(5)).more).toBe(false);
  });
});

test('messages that the store could not look into are looked into here', async () => {
  server.instead = answering(200, RECORDED);
  const read = (text: string) =>
    readNewest(new LogStore(access), { ...selection, grep: { text, ignoreCase: false } }, { limit: 10, stop });
  expect((await read('own')).hits).toHaveLength(1);
  expect((await read('Own')).hits).toHaveLength(0);
});
