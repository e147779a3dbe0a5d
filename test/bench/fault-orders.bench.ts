import { expect } from '@jest/globals';
import fc from 'fast-check';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { type Fault, faultOrders } from '../support/fault-orders.js';
import { OrderRuns } from '../support/order-runs.js';
import { it, note, usePlatform } from '../support/live.js';
import { bringUp } from '../support/faults.js';

/**
 * `npm test -- --bench --only fault-orders`, for MINUTES=10 with a SEED of its own, which is printed. ORDER runs one order that
 * a failure has printed, RUNS=3 times.
 */
const MINUTES = Number(processEnv['MINUTES'] ?? 10);
const SEED = Number(processEnv['SEED'] ?? Date.now() % 2 ** 31);
const ORDER = processEnv['ORDER'];
const RUNS = Number(processEnv['RUNS'] ?? 3);
// Starts what the project declares again.
const platform = usePlatform({ restore: bringUp });

it(
  ORDER === undefined ? `orders of faults for ${MINUTES} minutes` : `one order ${RUNS} times`,
  async () => {
    const runs = new OrderRuns(platform());
    if (ORDER === undefined) {
      note(`SEED=${SEED}`);
      const end = Date.now() + MINUTES * 60_000;
      for (const order of fc.sample(faultOrders(), { seed: SEED, numRuns: 10_000 })) {
        if (Date.now() > end) break;
        await runs.run(order);
      }
    } else {
      const order = JSON.parse(ORDER) as Fault[];
      for (let run = 0; run < RUNS; run++) await runs.run(order);
    }
    note(runs.render());
    expect(runs.failures).toEqual([]);
  },
  Duration.seconds(MINUTES * 180 + 1800),
);
