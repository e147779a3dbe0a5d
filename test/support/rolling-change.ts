import { afterEach, expect } from '@jest/globals';
import { bringUp } from '../../cli/start/start.js';
import type { Context } from '../../cli/context.js';
import type { Duration } from '../../constructs/core/units.js';
import { Ledger, WAYS } from './ledger.js';
import { note } from './live.js';
import type { Platform } from './platform.js';

/** The API's own budget is below 2 s; the rest is the proxy's and a loaded machine's. */
const SLOWEST_ANSWER_MS = 3000;
/** 7 s on an idle machine. */
const NEW_PROXY_WITHIN_S = 30;

export interface RollingOptions {
  /** Runs under load too, before the change. */
  readonly prepare?: () => Promise<void>;
  /** Whether the proxy publishes others afterwards: it is made anew, and whoever asks meanwhile gets no answer. */
  readonly newPorts?: boolean;
}

export interface RollingChange {
  /** Times at which containers started, by short name: who is new tells what was replaced, and in which order. */
  readonly starts: () => Promise<Map<string, string>>;
  /**
   * Makes a change under load, and holds it to what is promised: no failed request, nothing lost.
   * @returns who was replaced, in order
   */
  readonly rolling: (
    what: string,
    change: Context | (() => Promise<unknown>),
    options?: RollingOptions,
  ) => Promise<string[]>;
}

/** @param within how long one change may take */
export function useRollingChange(platform: () => Platform, within: Duration): RollingChange {
  let ledger: Ledger | undefined;
  afterEach(async () => {
    await ledger?.end();
    ledger = undefined;
  }, 60_000);

  const starts: RollingChange['starts'] = async () => {
    const { containers } = await platform().healthy();
    return new Map(
      containers.flatMap(({ name, role, startedAt }) => (role === 'service' ? [[name, startedAt ?? '']] : [])),
    );
  };

  const rolling: RollingChange['rolling'] = async (
    what,
    change,
    { prepare = () => Promise.resolve(), newPorts = false } = {},
  ) => {
    const before = await starts();
    const running = (ledger = new Ledger(platform(), { atMost: within }));
    await running.start();
    await prepare();
    const begun = Date.now();
    await (typeof change === 'function' ? change() : bringUp(change, {}));
    const took = Date.now() - begun;
    await running.resumed();
    await platform().reload();
    const after = await starts();
    const report = await running.stop();
    note(
      `${what}: ${(took / 1000).toFixed(0)} s; API ${JSON.stringify(report.apiAnswers)}, slowest ${report.slowestApiAnswerMs} ms; ` +
        `longest without a write: ${JSON.stringify(report.outage)}; ${report.confirmed} confirmed, ${report.lost.length} lost`,
    );
    expect(report.confirmed).toBeGreaterThan(500);
    expect(report.lost).toEqual([]);
    if (newPorts) {
      expect(Math.max(...WAYS.map((way) => report.outage[way]))).toBeLessThan(NEW_PROXY_WITHIN_S);
    } else {
      expect(Object.keys(report.apiAnswers).filter((status) => !['200', '201'].includes(status))).toEqual([]);
      expect(report.slowestApiAnswerMs).toBeLessThan(SLOWEST_ANSWER_MS);
    }
    const replaced = [...after].filter(([name, at]) => before.get(name) !== at);
    return replaced.sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([name]) => name);
  };
  return { rolling, starts };
}
