import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { API_WAYS, ApiLedger, type ApiWay } from './api-ledger.js';
import { Faults } from './faults.js';
import { Ledger, type Way, WAYS } from './ledger.js';
import type { Platform } from './platform.js';

/** One fault while clients write on all ways, and what became of their writes. */
export interface SweepRun {
  /** Whether another node was the master afterwards. */
  readonly failedOver: boolean;
  /** Writes that were confirmed, by WAIT or by the API. */
  readonly acknowledged: number;
  /** Of these, those that are gone. */
  readonly lost: readonly string[];
  /** Longest time without a write, in seconds. */
  readonly outage: Readonly<Record<Way, number>>;
}

/**
 * Lets clients of all ways write (master port, Sentinels, the master's own port, API with and without Idempotency-Key), lets
 * something happen to the master, and looks for every write that was acknowledged.
 * @param happen returns when the fault is over; what it left frozen or stopped is taken back
 * @throws if writes do not come back, or anything was answered that is not documented
 */
export async function sweepOnce(platform: Platform, happen: (master: string) => Promise<unknown>): Promise<SweepRun> {
  await platform.healthy();
  const master = await platform.master();
  const ledger = new Ledger(platform, { stubbornAt: master });
  const api = new ApiLedger(platform);
  try {
    await Promise.all([ledger.start(), api.start()]);
    await happen(master);
    const over = Date.now();
    await new Faults(platform).undo();
    await Promise.all([ledger.resumed(over), api.resumed(over)]);
    // Long enough for what was thrown away to have been thrown away: replicas are in sync with the winner again.
    await platform.healthy();
  } finally {
    await Promise.all([ledger.end(), api.end()]);
  }
  const [byRedis, byApi] = await Promise.all([ledger.stop(), api.stop()]);
  expect(byApi.others).toEqual({});
  expect(byApi.withoutRetryAfter + byRedis.apiWithoutRetryAfter).toBe(0);
  const lost = [...byRedis.lost, ...API_WAYS.flatMap((way) => lostByApi(byApi.ways[way], way))];
  return {
    failedOver: (await platform.master()) !== master,
    acknowledged: byRedis.confirmed + API_WAYS.reduce((sum, way) => sum + byApi.ways[way].done, 0),
    lost,
    outage: byRedis.outage,
  };
}

function lostByApi(
  { lost, counter }: { lost: readonly string[]; counter: { is: number; done: number; unknown: number } },
  way: ApiWay,
) {
  const most = way === 'with a key' ? counter.done : counter.done + counter.unknown;
  const wrong = counter.is < counter.done || counter.is > most;
  return [...lost, ...(wrong ? [`a counter ${way} is ${counter.is} after ${counter.done} (+${counter.unknown})`] : [])];
}

/** What several runs add up to. */
export class SweepTable {
  private readonly rows: { what: string; runs: SweepRun[] }[] = [];

  add(what: string, run: SweepRun): void {
    const row = this.rows.find((one) => one.what === what);
    if (row) row.runs.push(run);
    else this.rows.push({ what, runs: [run] });
  }
  get lost(): string[] {
    return this.rows.flatMap(({ runs }) => runs.flatMap(({ lost }) => lost));
  }
  get failovers(): number {
    return this.rows.flatMap(({ runs }) => runs).filter(({ failedOver }) => failedOver).length;
  }
  /** A line a kind: runs, failovers, acknowledged, lost, outages at the master port and of the API. */
  render(): string {
    return this.rows
      .map(({ what, runs }) => {
        const sum = (of: (run: SweepRun) => number) => runs.reduce((total, run) => total + of(run), 0);
        const outages = (way: Way) => {
          const sorted = runs.map(({ outage }) => outage[way]).sort((a, b) => a - b);
          const at = (share: number) => (sorted[Math.round((sorted.length - 1) * share)] ?? NaN).toFixed(2);
          return `${way} p50 ${at(0.5)} s, p95 ${at(0.95)} s`;
        };
        return (
          `${what}: ${runs.length} runs, ${sum(({ failedOver }) => Number(failedOver))} failed over, ` +
          `${sum(({ acknowledged }) => acknowledged)} acknowledged, ${sum(({ lost }) => lost.length)} lost; ` +
          `outage ${WAYS.map(outages).join('; ')}`
        );
      })
      .join('\n');
  }
}

/** A script that keeps its node from anything else; the caller's connection may be lost with it. */
export async function blockNode(platform: Platform, node: string, milliseconds: number): Promise<void> {
  const client = platform.atNode(node, platform.login('admin'), { socketTimeout: milliseconds + 5000 });
  const script =
    "local t = redis.call('TIME'); local stop = t[1] * 1000 + t[2] / 1000 + tonumber(ARGV[1]); " +
    "repeat for i = 1, 100000 do end; local n = redis.call('TIME') until n[1] * 1000 + n[2] / 1000 > stop; return 1";
  await client.eval(script, 0, milliseconds).catch(() => undefined);
  platform.disconnect(client);
}

/** Freezes containers for a while. */
export async function freezeFor(platform: Platform, milliseconds: number, ...names: string[]): Promise<void> {
  const faults = new Faults(platform);
  await faults.freeze(...names);
  await pause(milliseconds);
  await faults.unfreeze(...names);
}
