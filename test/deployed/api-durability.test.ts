import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { API_WAYS, ApiLedger } from '../support/api-ledger.js';
import { Faults, restarted, startedAt } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';

const platform = usePlatform();
const faults = () => new Faults(platform());
let ledger: ApiLedger | undefined;

const WITHIN = Duration.seconds(120);
/** The API's budget is below 2 s; the rest is the proxy's and a loaded machine's. */
const SLOWEST_ANSWER_MS = 3000;

afterEach(async () => {
  await faults().undo();
  await platform().healthy();
  await ledger?.end();
  ledger = undefined;
}, 90_000);

/** Lets the master fail while clients write through the API, and holds the API to what it told them. */
async function failing(what: string, fail: (master: string) => Promise<unknown>): Promise<void> {
  await platform().healthy();
  const master = await platform().master();
  const running = (ledger = new ApiLedger(platform()));
  await running.start();
  await pause(500);
  const begun = Date.now();
  await fail(master);
  await running.resumed(begun);
  await platform().healthy();
  await running.resumed();
  expect(await platform().master()).not.toBe(master);
  const report = await running.stop();
  for (const way of API_WAYS) {
    const { done, replayed, refused, unknown, lost, counter } = report.ways[way];
    note(
      `${what}, ${way}: ${done} done (${replayed} replayed), ${refused} refused, ${unknown} unknown, ${lost.length} lost; ` +
        `counter ${counter.is} after ${counter.done} done and ${counter.unknown} unknown`,
    );
    expect(done).toBeGreaterThan(100);
    expect(lost).toEqual([]);
    expect(counter.is).toBeGreaterThanOrEqual(counter.done);
    expect(counter.is).toBeLessThanOrEqual(counter.done + (way === 'with a key' ? 0 : counter.unknown));
  }
  expect(report.others).toEqual({});
  expect(report.withoutRetryAfter).toBe(0);
  expect(report.slowestMs).toBeLessThan(SLOWEST_ANSWER_MS);
}

describe('what the API answered with success stays, and counters with a key are exact', () => {
  it(
    'when the redis-server of the master is killed',
    () =>
      failing('SIGKILL', async (master) => {
        const before = await startedAt(platform(), master);
        await faults().killRedisServer(master);
        await restarted(platform(), master, before);
      }),
    WITHIN,
  );

  it(
    'when the master is stopped as planned',
    () =>
      failing('planned stop', async (master) => {
        await faults().stop(master);
        await faults().start(master);
      }),
    WITHIN,
  );

  it(
    'when the master freezes for 10 s and goes on',
    () =>
      failing('frozen 10 s', async (master) => {
        await faults().freeze(master);
        await pause(10_000);
        await faults().unfreeze(master);
      }),
    WITHIN,
  );
});

it(
  'while no replica confirms, no write is answered with success, and a repetition of it counts once',
  async () => {
    const { redis } = await platform().healthy();
    const replicas = redis?.replicas.map(({ name }) => name) ?? [];
    const path = `/v1/counters/unconfirmed-${randomUUID()}`;
    const key = { 'idempotency-key': randomUUID() };
    const post = async (headers: Record<string, string>) => {
      const { url } = platform().outputs.api;
      const answer = await fetch(url + path, { method: 'POST', headers, signal: AbortSignal.timeout(5000) });
      const { value, error } = (await answer.json()) as { value?: number; error?: { code: string } };
      return { status: answer.status, value, code: error?.code, replayed: answer.headers.get('idempotency-replayed') };
    };
    // Both containers' connections, and the script, are there.
    for (let request = 0; request < 10; request++) expect(await post({})).toMatchObject({ status: 200 });
    await faults().freeze(...replicas);
    const answers = await Promise.all([post(key), post({})]);
    await faults().unfreeze(...replicas);
    expect(answers).toEqual(answers.map(() => ({ status: 503, code: 'outcome_unknown', replayed: null })));
    await platform().healthy();
    expect(await post(key)).toMatchObject({ status: 200, replayed: 'true' });
    expect((await post({})).value).toBe(13);
  },
  WITHIN,
);
