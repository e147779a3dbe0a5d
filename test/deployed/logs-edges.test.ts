import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { runInContainer } from '../../cli/rollout/run-in-container.js';
import { Duration } from '../../constructs/core/units.js';
import { modelsOf } from '../../constructs/models.js';
import { eventually } from '../support/eventually.js';
import { command, Faults } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { LogLines, type StoredLine } from '../support/log-lines.js';
import { sendRaw } from '../support/raw-http.js';

const platform = usePlatform({ restore: (used) => new Faults(used).undo() });
const lines = () => new LogLines(platform());
/** Part of everything that this run writes. */
const run = randomBytes(4).toString('hex');
const SOON = Duration.seconds(30);
const DAY_MS = 86_400_000;

/** Lines of a service with a time since then; what the store has not refreshed yet is waited for. */
async function since(
  service: string,
  begin: Date,
  wanted: (line: StoredLine) => boolean,
  least = 0,
  within: Duration = SOON,
) {
  const query = {
    bool: {
      filter: [{ term: { 'service.name': service } }, { range: { '@timestamp': { gte: begin.toISOString() } } }],
    },
  };
  return eventually(
    async () => {
      const found = (await lines().find(query)).map(({ line }) => line).filter(wanted);
      if (found.length < least) throw new Error(`${found.length} of ${least} lines are there`);
      return found;
    },
    { within, every: 500 },
  );
}

describe("a line of the proxy's", () => {
  it('is whole for a key in Chinese, and for a head of 15,000 bytes that all need an escape', async () => {
    const keys = [encodeURIComponent('键'.repeat(42)), '"'.repeat(14_900)];
    const url = platform().outputs.api.url;
    for (const [index, key] of keys.entries()) {
      const id = `${run}-head-${index}`;
      const path = `/v1/items/${key}`;
      const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${id}\r\nConnection: close\r\n\r\n`;
      const { status } = await sendRaw(url, head);
      const found = await lines().arrived(
        { bool: { filter: [{ term: { 'request.id': id } }, { term: { 'service.name': 'proxy' } }] } },
        1,
        SOON,
      );
      expect(found).toEqual([
        expect.objectContaining({
          message: `GET ${path} ${status}`,
          'url.path': path,
          'http.response.status_code': status,
          'client.ip': expect.any(String),
        }),
      ]);
    }
  });

  it(
    'about a bad request or a port probe is an object like all others',
    async () => {
      const begin = new Date();
      const { url } = platform().outputs.api;
      const bad = [
        'GARBAGE\r\n\r\n',
        'GET / HTTP/1.1\r\nHost x\r\n\r\n',
        '\u0016\u0003\u0001\u0000\u0005',
        'GET /\u0001 HTTP/1.1\r\n\r\n',
      ];
      for (const text of bad) for (let time = 0; time < 5; time++) await sendRaw(url, text).catch(() => undefined);
      for (const one of [url, platform().outputs.redis.masterUrl]) await probe(Number(new URL(one).port));
      const found = await since(
        'proxy',
        begin,
        (line) => line['http.response.status_code'] === 400 && line['http.request.method'] === undefined,
        5 * bad.length,
      );
      expect(found.length).toBe(5 * bad.length);
      for (const line of found) {
        expect(line).toMatchObject({
          message: 'a request that could not be read: 400',
          'backend.name': 'http',
          'haproxy.termination_state': 'PR',
        });
      }
      const broken = await since('proxy', begin, ({ message }) => String(message).startsWith('{'));
      expect(broken).toEqual([]);
    },
    Duration.seconds(90),
  );

  it(
    "is stored once for each change of a server's state, and not at all when the CLI looks",
    async () => {
      const begin = new Date();
      const faults = new Faults(platform());
      await platform().status();
      await platform().status();
      const master = await platform().master();
      const replica = platform().nodes.find((name) => name !== master) ?? '';
      const becomes = (state: string) => (line: StoredLine) =>
        String(line['message']).startsWith(`Server redis-replicas/${replica} is ${state}`);
      const [down, up] = [becomes('DOWN'), becomes('UP')];
      await faults.stop(replica);
      await since('proxy', begin, down, 1);
      await faults.start(replica);
      await since('proxy', begin, up, 1);
      await pause(3000);
      expect((await since('proxy', begin, down)).length).toBe(1);
      expect((await since('proxy', begin, up)).length).toBe(1);
      expect(await since('proxy', begin, (line) => line['backend.name'] === 'statistics')).toEqual([]);
      const { url } = platform().outputs.statistics;
      await fetch(url, { headers: { authorization: `Basic ${btoa('admin:wrong')}` } });
      const told = await since('proxy', begin, (line) => line['backend.name'] === 'statistics', 1);
      expect(told).toEqual([expect.objectContaining({ 'http.response.status_code': 401 })]);
    },
    Duration.seconds(120),
  );
});

it(
  'lines of 64 KiB that need an escape for each byte arrive, each whole',
  async () => {
    const count = 20;
    const mark = `${run}-escapes `;
    const rest = 65_536 - mark.length;
    const script = `for n in {1..${count}}; do printf '${mark}'; head -c ${rest} /dev/zero | tr '\\0' '\\001'; echo; done`;
    const wrote = await runInContainer(platform().docker, platform().containerName('proxy-0'), [
      ...['log-run', '--', 'bash', '-c'],
      script,
    ]);
    expect(wrote.exitCode).toBe(0);
    const found = await lines().arrived({ match_phrase: { message: `${run}-escapes` } }, count, Duration.seconds(60));
    expect(found.length).toBe(count);
    for (const line of found) {
      expect(line['message']).toBe(mark + '\u0001'.repeat(rest));
      expect(line).toMatchObject({ 'service.instance': 'proxy-0' });
    }
  },
  Duration.seconds(90),
);

describe('a line of a file that an image writes itself', () => {
  it('arrives as text whatever its message is, and whatever it calls itself', async () => {
    const mark = `${run}-object`;
    await lines().writeFile('api-0', 'objects', [
      JSON.stringify({ message: { mark, deep: [1] } }),
      JSON.stringify({ message: [mark] }),
      JSON.stringify({ message: `${mark} named`, event: 'start', service: 'mine', 'service.name': 'forged' }),
    ]);
    const found = await lines().arrived({ match_phrase: { message: mark } }, 3, SOON);
    const messages = found.map(({ message }) => String(message));
    expect(messages.slice(0, 2).map((text) => JSON.parse(text) as unknown)).toEqual([{ mark, deep: [1] }, [mark]]);
    expect(messages[2]).toBe(`${mark} named`);
    expect(found[2]).toMatchObject({ event: { action: 'start' }, service: { type: 'mine', instance: 'api-0' } });
  });

  it('counts as of now where its time cannot be right, and makes no index for it', async () => {
    const before = await lines().indices();
    const future = Array.from({ length: 300 }, (_, day) => new Date(Date.now() + (day + 2) * DAY_MS).toISOString());
    const times = [...future, '2020-02-03T04:05:06Z', '2099-01-01T00:00:00Z'];
    await lines().writeFile(
      'api-0',
      'times',
      times.map((time) => JSON.stringify({ '@timestamp': time, message: `${run}-times` })),
    );
    const found = await lines().arrived({ match_phrase: { message: `${run}-times` } }, times.length, SOON);
    expect(found.map((line) => line['log.timestamp']).sort()).toEqual([...times].sort());
    for (const line of found) {
      expect(Math.abs(Date.now() - Date.parse(String(line['@timestamp'])))).toBeLessThan(120_000);
    }
    expect((await lines().indices()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('that is refused for good is told alone: its 300 neighbours are stored, and nobody says otherwise', async () => {
    const begin = new Date();
    const good = Array.from({ length: 300 }, (_, index) => JSON.stringify({ message: `${run}-neighbour`, index }));
    const bad = JSON.stringify({ message: `${run}-bad`, '': 1 });
    await lines().writeFile('api-0', 'refused', [...good.slice(0, 150), bad, ...good.slice(150)]);
    const found = await lines().arrived({ match_phrase: { message: `${run}-neighbour` } }, good.length, SOON);
    expect(found.length).toBe(good.length);
    const isTold = ({ message }: StoredLine) => String(message).includes('refuses for good');
    const told = await since('elasticsearch', begin, isTold, 1);
    expect(told).toEqual([expect.objectContaining({ 'elasticsearch.document.id': expect.stringMatching(/^api-0-/) })]);
    expect(await since('rsyslog', begin, isTold)).toEqual([]);
    note(
      `${found.length} lines were stored, ${told.length} was refused and told: ${String(told[0]?.['error.message'])}`,
    );
  });
});

describe('the store', () => {
  it(
    'that is too large loses its oldest day, and no other',
    async () => {
      const limit = modelsOf(platform().topology, 'logs')[0]?.retention.maxSizeBytes ?? Infinity;
      const now = new Date();
      const old = new Date(now.getTime() - 3 * DAY_MS);
      // What the proxy lets through.
      const noise = () => ({ message: 'noise', noise: randomBytes(512 * 1024).toString('base64') });
      for (let sent = 0; sent < limit * 1.1; sent += 4 * 512 * 1024) {
        const answers = await Promise.all([1, 2, 3, 4].map(() => lines().add([{ day: old, fields: noise() }])));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      }
      // Not that the index is away: what was still on its way when it went makes it anew.
      const isGone = (line: StoredLine) => line['reason'] === 'size';
      const deleted = await since('elasticsearch', now, isGone, 1, Duration.seconds(120));
      expect(new Set(deleted.map((line) => line['elasticsearch.index.name']))).toEqual(new Set([lines().indexOf(old)]));
      expect(await lines().indices()).toContain(lines().indexOf(now));
    },
    Duration.seconds(240),
  );

  it(
    'with as many indices as it may have takes the line of a new day, and keeps today',
    async () => {
      const now = new Date();
      const begin = Date.now();
      const day = (ahead: number) => new Date(now.getTime() + ahead * DAY_MS);
      // By hand: no shipper sends such lines any more.
      let refused = 0;
      for (let ahead = 10; ahead < 1100; ahead += 20) {
        const some = Array.from({ length: 20 }, (_, index) => ({ day: day(ahead + index), fields: { message: run } }));
        await lines()
          .add(some)
          .catch(() => (refused += 1));
      }
      await eventually(
        async () => {
          const answer = await lines().add([{ day: day(-1), fields: { message: `${run} of a new day` } }]);
          expect(answer.status).toBe(200);
        },
        { within: Duration.seconds(120), every: 1000 },
      );
      await eventually(
        async () => {
          expect((await lines().indices()).length).toBeLessThanOrEqual(900);
        },
        { within: Duration.seconds(120), every: 1000 },
      );
      const left = await lines().indices();
      expect(left).toContain(lines().indexOf(now));
      expect(left).toContain(lines().indexOf(day(-1)));
      note(
        `${refused} batches were refused while it was full; ${left.length} indices are left after ${(Date.now() - begin) / 1000} s`,
      );
      const shown = await command(platform(), 'logs', '--limit', '1', '--json');
      expect(
        Math.abs(Date.now() - Date.parse((JSON.parse(shown.stdout) as StoredLine)['@timestamp'] as string)),
      ).toBeLessThan(DAY_MS);
      // Each search would look through all of them.
      const made = left.filter((name) => name > lines().indexOf(day(1)));
      for (let next = 0; next < made.length; next += 100) {
        const some = made.slice(next, next + 100).join(',');
        expect((await lines().call('DELETE', `/${some}`, { user: 'keeper' })).status).toBe(200);
      }
    },
    Duration.seconds(420),
  );
});

/** Connects and says nothing; then again and leaves at once. */
async function probe(port: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve();
      });
    setTimeout(() => socket.destroy(), 4000);
  });
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy());
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve();
      });
  });
}
