import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { bringUp as bringUpContext } from '../../cli/start/start.js';
import type { Context } from '../../cli/context.js';
import { DURABILITIES, type Durability } from '../../constructs/api/durability.js';
import { Duration } from '../../constructs/core/units.js';
import { environments } from '../../environments/index.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import { bringUp } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { quantile } from '../support/numbered-requests.js';

/** What it costs that replicas confirm a write: `npm test -- --bench --only durability`. Only failed writes fail it, never time. */
const platform = usePlatform({ restore: bringUp });
const run = randomBytes(4).toString('hex');
const PAIRS = 5;
const CLIENTS = 16;
const LOAD_MS = 8000;
const ALONE_MS = 3000;

/** One measurement: many clients for the throughput, one alone for the latency that a write has by itself. */
interface Cost {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly aloneP50: number;
  readonly aloneP99: number;
}

it(
  'writes that replicas confirm, against those of the master alone',
  async () => {
    const ratios: Record<keyof Cost, number[]> = { perSecond: [], p50: [], p99: [], aloneP50: [], aloneP99: [] };
    for (let pair = 0; pair < PAIRS; pair++) {
      const costs: Partial<Record<Durability, Cost>> = {};
      // Which one comes first alternates, so that a trend of the machine's favours neither.
      for (const durability of pair % 2 === 0 ? DURABILITIES : [...DURABILITIES].reverse()) {
        await bringUpContext(withDurability(durability), {});
        await platform().healthy();
        await writes(CLIENTS, 1000); // warms up
        const loaded = await writes(CLIENTS, LOAD_MS);
        const alone = await writes(1, ALONE_MS);
        const cost: Cost = {
          perSecond: (loaded.length / LOAD_MS) * 1000,
          p50: quantile(loaded, 0.5),
          p99: quantile(loaded, 0.99),
          aloneP50: quantile(alone, 0.5),
          aloneP99: quantile(alone, 0.99),
        };
        costs[durability] = cost;
        note(
          `pair ${pair + 1}, ${durability}: ${cost.perSecond.toFixed(0)} writes/s, p50 ${cost.p50.toFixed(1)} ms, p99 ${cost.p99.toFixed(1)} ms; ` +
            `alone p50 ${cost.aloneP50.toFixed(2)} ms, p99 ${cost.aloneP99.toFixed(2)} ms`,
        );
      }
      for (const key of Object.keys(ratios) as (keyof Cost)[]) {
        ratios[key].push((costs.replicated?.[key] ?? NaN) / (costs.master?.[key] ?? NaN));
      }
    }
    for (const [key, values] of Object.entries(ratios)) {
      note(
        `replicated / master, ${key}: median ${quantile(values, 0.5).toFixed(2)} of ${values.map((one) => one.toFixed(2)).join(', ')}`,
      );
    }
  },
  Duration.seconds(900),
);

function withDurability(durability: Durability): Context {
  const { context } = platform();
  const declared = environments[context.environment.name] as EnvironmentInput;
  return { ...context, environment: parseEnvironment({ ...declared, api: { ...declared.api, durability } }) };
}

/** Milliseconds of each of the writes that so many clients, one after the other each, get answered. */
async function writes(clients: number, milliseconds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const took: number[] = [];
  const end = performance.now() + milliseconds;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let number = 0; performance.now() < end; number++) {
        const begun = performance.now();
        expect([200, 201]).toContain(await put(agent, `${run}-${client}`, number));
        took.push(performance.now() - begun);
      }
    }),
  );
  agent.destroy();
  await pause(10);
  return took;
}

function put(agent: Agent, key: string, value: number): Promise<number> {
  const { hostname, port } = new URL(platform().outputs.api.url);
  return new Promise((resolve, reject) => {
    request(
      {
        hostname,
        port,
        method: 'PUT',
        path: `/v1/items/${key}`,
        agent,
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        answer
          .resume()
          .once('end', () => {
            resolve(answer.statusCode ?? 0);
          })
          .once('error', reject);
      },
    )
      .once('error', reject)
      .end(JSON.stringify({ value, ttlSeconds: 600 }));
  });
}
