import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { follow } from '../../../../cli/logs/follow.js';
import type { Selection } from '../../../../cli/logs/selection.js';
import { LogStore, type StoreAccess } from '../../../../cli/logs/store.js';
import { Duration } from '../../../../constructs/core/units.js';
import { eventually } from '../../../support/eventually.js';
import { StoreServer } from './store-server.js';
import { anySelection as selection } from './any-selection.js';

let server: StoreServer;
let access: StoreAccess;
let abort: AbortController;
let shown: string[];
let said: string[];
let more: number;

beforeEach(async () => {
  server = new StoreServer();
  access = await server.start();
  abort = new AbortController();
  shown = [];
  said = [];
  more = 0;
});
afterEach(async () => {
  abort.abort();
  await server.stop();
});

const started = (limit = 1000, wanted: Partial<Selection> = {}) =>
  follow(
    new LogStore(access),
    { ...selection, ...wanted },
    {
      limit,
      stop: abort.signal,
      pollMs: 20,
      show: (hits) => {
        shown.push(...hits.map(({ id }) => id));
        return Promise.resolve();
      },
      say: (text) => said.push(text),
      onMore: () => (more += 1),
    },
  );
const soon = (assertion: () => void) => eventually(assertion, { within: Duration.seconds(60), every: 5 });
const shows = (expected: readonly string[]) =>
  soon(() => {
    expect(shown).toEqual(expected);
  });
const polled = async (times = 3) => {
  const before = server.searches.length;
  await soon(() => {
    expect(server.searches.length).toBeGreaterThanOrEqual(before + times);
  });
};

describe('following', () => {
  it('shows what is there, then what arrives, each line once', async () => {
    server.add('one', '2026-11-22T17:00:01Z');
    server.add('two', '2026-11-22T17:00:02Z');
    const done = started();
    await shows(['one', 'two']);
    server.add('four', '2026-11-22T17:00:04Z');
    server.add('three', '2026-11-22T17:00:03Z');
    await shows(['one', 'two', 'three', 'four']);
    await polled();
    expect(shown).toHaveLength(4);
    abort.abort();
    await done;
    expect({ said, more }).toEqual({ said: [], more: 0 });
  });

  it('misses no line, however old it is when it arrives, and into whichever index', async () => {
    server.add('new', '2026-11-22T18:00:00Z');
    const done = started();
    await shows(['new']);
    server.add('old', '2026-11-22T17:00:01Z');
    server.add('next-day', '2026-11-23T00:00:00Z', { index: 'platform-logs-b' });
    await shows(['new', 'old', 'next-day']);
    abort.abort();
    await done;
  });

  it('misses no line that becomes visible after one with a higher number, also at the start', async () => {
    server.add('5', '2026-11-22T17:00:05Z', { number: 5 });
    const done = started();
    await shows(['5']);
    server.add('4', '2026-11-22T17:00:04Z', { number: 4 });
    server.add('8', '2026-11-22T17:00:08Z', { number: 8 });
    await shows(['5', '4', '8']);
    server.add('7', '2026-11-22T17:00:07Z', { number: 7 });
    await shows(['5', '4', '8', '7']);
    abort.abort();
    await done;
  });

  it('does not take lines that the limit left out for new ones', async () => {
    for (let n = 0; n < 2500; n += 1)
      server.add(`id-${n}`, new Date(Date.UTC(2026, 10, 22, 17) + n).toISOString(), { number: n });
    const done = started(2);
    await shows(['id-2498', 'id-2499']);
    await polled();
    expect({ shown, more }).toEqual({ shown: ['id-2498', 'id-2499'], more: 1 });
    server.add('new', '2026-11-22T17:01:00Z');
    await shows(['id-2498', 'id-2499', 'new']);
    abort.abort();
    await done;
  });

  it('reads more lines than one page holds', async () => {
    const done = started();
    await polled(1);
    for (let n = 0; n < 2500; n += 1)
      server.add(`id-${n}`, new Date(Date.UTC(2026, 10, 22, 17) + n).toISOString(), { number: n });
    await soon(() => {
      expect(shown).toHaveLength(2500);
    });
    await polled();
    expect(new Set(shown).size).toBe(2500);
    expect(shown).toHaveLength(2500);
    abort.abort();
    await done;
  });

  it('waits for a store that went away, says so once, and shows what came meanwhile', async () => {
    server.add('before', '2026-11-22T17:00:01Z');
    const done = started();
    await shows(['before']);
    let refused = 0;
    server.instead = (_, response) => {
      refused += 1;
      response.writeHead(503).end();
    };
    await soon(() => {
      expect(refused).toBeGreaterThan(5);
    });
    server.add('meanwhile', '2026-11-22T17:00:02Z');
    server.instead = undefined;
    await soon(() => {
      expect(said).toHaveLength(2);
    });
    expect(shown).toEqual(['before', 'meanwhile']);
    expect(said).toEqual([
      'The log store does not answer (HTTP status 503); waiting for it. Ctrl-C ends this.',
      'The log store answers again.',
    ]);
    abort.abort();
    await done;
  });

  it('goes on when the store came back with new data', async () => {
    for (let n = 0; n < 5; n += 1) server.add(`old-${n}`, '2026-11-22T17:00:01Z', { number: 2000 + n });
    const done = started();
    await soon(() => {
      expect(shown).toHaveLength(5);
    });
    let refused = 0;
    server.instead = (request) => {
      refused += 1;
      request.socket.destroy();
    };
    await soon(() => {
      expect(refused).toBeGreaterThan(2);
    });
    server.lines.length = 0;
    server.add('new', '2026-11-22T17:01:00Z');
    server.instead = undefined;
    await soon(() => {
      expect(shown).toHaveLength(6);
    });
    expect(shown.at(-1)).toBe('new');
    abort.abort();
    await done;
  });

  it('does not begin without a store, and ends when the password is refused', async () => {
    server.instead = (_, response) => response.writeHead(503).end();
    await expect(started()).rejects.toThrow('does not answer');
    server.instead = undefined;
    const done = started();
    await polled();
    server.instead = (_, response) => response.writeHead(401).end();
    await expect(done).rejects.toThrow('password');
  });

  it('ends at once when it is stopped, also while the store is silent', async () => {
    const done = started();
    await polled();
    server.instead = () => undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = performance.now();
    abort.abort();
    await done;
    expect(performance.now() - before).toBeLessThan(15_000); // A store may take 30 s.
  });
});
