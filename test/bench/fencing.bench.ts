import { afterAll, afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { Faults } from '../support/faults.js';
import { runHelper } from '../support/helper-container.js';
import { it, note, usePlatform } from '../support/live.js';
import { blockNode, freezeFor, sweepOnce, SweepTable } from '../support/sweep.js';

/**
 * The long sweep: `npm test -- --bench --only fencing`, RUNS=3 of each by default. Only what is lost fails it, never time. Every kind is
 * swept from 1.2 to 3.6 s: shorter ones do not fail over, longer ones are noticed by everybody.
 */
const RUNS = Number(processEnv['RUNS'] ?? 3);
const DURATIONS = Array.from({ length: 13 }, (_, step) => 1200 + 200 * step);
const platform = usePlatform();
const faults = () => new Faults(platform());
const table = new SweepTable();

afterEach(async () => {
  await faults().undo();
  await platform().healthy();
}, 90_000);
afterAll(() => {
  note(table.render());
});

function sweep(
  what: string,
  happen: (master: string, milliseconds: number) => Promise<unknown>,
  durations: readonly number[] = DURATIONS,
): void {
  it(
    what,
    async () => {
      for (let run = 0; run < RUNS; run++) {
        for (const milliseconds of durations) {
          table.add(what, await sweepOnce(platform(), (master) => happen(master, milliseconds)));
        }
      }
      expect(table.lost).toEqual([]);
    },
    Duration.seconds(RUNS * durations.length * 90),
  );
}

/** As many busy loops as make everything late, bounded by themselves. */
function starve(seconds: number): Promise<unknown> {
  return runHelper(
    platform(),
    `for i in 1 2 3 4 5 6; do timeout ${seconds} bash -c 'while :; do :; done' & done; wait; true`,
    {},
  );
}

sweep('frozen', (master, milliseconds) => freezeFor(platform(), milliseconds, master));
sweep('busy with a script', (master, milliseconds) => blockNode(platform(), master, milliseconds));
sweep('frozen while processors are short', (master, milliseconds) =>
  Promise.all([starve(8), freezeFor(platform(), milliseconds, master)]),
);
sweep(
  'frozen, and a Sentinel with it',
  (master, milliseconds) => freezeFor(platform(), milliseconds, master, platform().sentinels[0] ?? ''),
  [1800, 2200, 2600, 3000],
);
sweep(
  'frozen while a Sentinel is dead',
  async (master, milliseconds) => {
    await faults().killForGood(platform().sentinels[1] ?? '');
    await freezeFor(platform(), milliseconds, master);
  },
  [1800, 2200, 2600, 3000],
);
sweep(
  'frozen while Sentinels restart',
  (master, milliseconds) =>
    Promise.all([freezeFor(platform(), milliseconds, master), faults().restart(platform().sentinels[2] ?? '')]),
  [1800, 2200, 2600, 3000],
);
sweep(
  'frozen while a Sentinel is in TILT, as it was frozen itself for 3 s',
  async (master, milliseconds) => {
    await freezeFor(platform(), 3000, platform().sentinels[0] ?? '');
    await freezeFor(platform(), milliseconds, master);
  },
  [1800, 2200, 2600, 3000],
);
sweep('crash', (master) => faults().killRedisServer(master), [0, 0, 0, 0]);
sweep(
  'planned stop',
  async (master) => {
    await faults().stop(master);
    await faults().start(master);
  },
  [0, 0, 0, 0],
);
