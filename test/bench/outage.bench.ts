import { afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { Faults, restarted, startedAt } from '../support/faults.js';
import { Ledger, type Way, WAYS } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';

/** How long writes pause when the master goes, in numbers: `npm test -- --bench`. Only lost writes fail it, never time. */
const RUNS = 10;
const platform = usePlatform();
const faults = () => new Faults(platform());
const WITHIN = Duration.seconds(RUNS * 60);

afterEach(async () => {
  await faults().undo();
  await platform().healthy();
}, 90_000);

/** Lets the master fail `RUNS` times, each with writers of its own. */
async function measure(what: string, fail: (master: string) => Promise<void>): Promise<void> {
  const outages: Record<Way, number[]> = { 'master port': [], 'Sentinel client': [], API: [] };
  let confirmed = 0;
  for (let run = 0; run < RUNS; run++) {
    await platform().healthy();
    const master = await platform().master();
    const before = await startedAt(platform(), master);
    const ledger = new Ledger(platform());
    await ledger.start();
    const begun = Date.now();
    await fail(master);
    await restarted(platform(), master, before);
    await ledger.resumed(begun);
    await platform().healthy();
    const report = await ledger.stop();
    expect(report.lost).toEqual([]);
    confirmed += report.confirmed;
    for (const way of WAYS) outages[way].push(report.outage[way]);
  }
  for (const way of WAYS) note(`${what}, ${way}: ${summary(outages[way])}`);
  note(`${what}: ${confirmed} confirmed writes in ${RUNS} runs, none lost`);
}

function summary(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.round((sorted.length - 1) * share)] ?? NaN).toFixed(2);
  return `outage min ${at(0)} s, median ${at(0.5)} s, max ${at(1)} s`;
}

it(
  'SIGKILL of the master with restart',
  () => measure('SIGKILL', (master) => faults().killRedisServer(master)),
  WITHIN,
);

it(
  'planned stop of the master',
  () =>
    measure('planned stop', async (master) => {
      await faults().stop(master);
      await faults().start(master);
    }),
  WITHIN,
);
