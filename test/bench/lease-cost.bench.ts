import { expect } from '@jest/globals';
import { bringUp as bringUpContext } from '../../cli/start/start.js';
import type { Context } from '../../cli/context.js';
import { demultiplex } from '../../cli/status/logs.js';
import type { Fencing } from '../../constructs/redis/users.js';
import { Duration } from '../../constructs/core/units.js';
import { environments } from '../../environments/index.js';
import { processEnv } from '../../environments/process-env.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import { bringUp, Faults } from '../support/faults.js';
import { WAYS } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';
import { quantile } from '../support/numbered-requests.js';
import { freezeFor, sweepOnce, SweepTable } from '../support/sweep.js';

/**
 * What a lease costs in time: `npm test -- --bench --only lease-cost`, PAIRS=5 of a platform with it and one without. Neither time nor what
 * is lost without a lease fails it, only what is lost with one.
 */
const PAIRS = Number(processEnv['PAIRS'] ?? 5);
const BOTH: readonly Fencing[] = ['lease', 'off'];
const REQUESTS = 100_000;
const platform = usePlatform({ restore: bringUp });
const faults = () => new Faults(platform());

/** What happens to the master, each time with writers on all ways. */
const CASES: Readonly<Record<string, (master: string) => Promise<unknown>>> = {
  crash: (master) => faults().killRedisServer(master),
  'frozen for 2.4 s': (master) => freezeFor(platform(), 2400, master),
  'planned stop': async (master) => {
    await faults().stop(master);
    await faults().start(master);
  },
};

it(
  'a platform with a lease, against one without',
  async () => {
    const table = new SweepTable();
    const lost: string[] = [];
    const costs = new Map<string, Map<Fencing, number[]>>();
    for (let pair = 0; pair < PAIRS; pair++) {
      // Which one comes first alternates, so that a trend of the machine's favours neither.
      for (const fencing of pair % 2 === 0 ? BOTH : [...BOTH].reverse()) {
        await bringUpContext(withFencing(fencing), {});
        await platform().reload();
        await platform().healthy();
        for (const [what, value] of await commandCosts()) {
          const both = costs.get(what) ?? new Map(BOTH.map((one) => [one, []]));
          costs.set(what, both);
          both.get(fencing)?.push(value);
        }
        for (const [what, happen] of Object.entries(CASES)) {
          const run = await sweepOnce(platform(), happen);
          table.add(`${fencing}, ${what}`, run);
          if (fencing === 'lease') lost.push(...run.lost);
          note(
            `pair ${pair + 1}, ${fencing}, ${what}: ${run.acknowledged} acknowledged, ${run.lost.length} lost, ` +
              `without a write for ${WAYS.map((way) => `${run.outage[way].toFixed(2)} s (${way})`).join(', ')}`,
          );
        }
      }
    }
    for (const [what, both] of costs) {
      const [lease = [], off = []] = BOTH.map((one) => both.get(one));
      const ratios = lease.map((value, pair) => value / (off[pair] ?? NaN));
      note(
        `${what}: lease ${quantile(lease, 0.5).toFixed(2)}, off ${quantile(off, 0.5).toFixed(2)}, ` +
          `lease / off median ${quantile(ratios, 0.5).toFixed(3)} of ${ratios.map((one) => one.toFixed(2)).join(', ')}`,
      );
    }
    note(table.render());
    expect(lost).toEqual([]);
  },
  Duration.seconds(PAIRS * 600),
);

function withFencing(fencing: Fencing): Context {
  const { context } = platform();
  const declared = environments[context.environment.name] as EnvironmentInput;
  return { ...context, environment: parseEnvironment({ ...declared, redis: { ...declared.redis, fencing } }) };
}

/** By redis-benchmark in the master's own container: requests per second, and the server's CPU time for each, with 20 connections. */
async function commandCosts(): Promise<Map<string, number>> {
  const master = await platform().master();
  const client = platform().atNode(master);
  const { password } = platform().login('admin');
  const cpuSeconds = async () =>
    [...(await client.info('cpu')).matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce(
      (sum, [, seconds]) => sum + Number(seconds),
      0,
    );
  const found = new Map<string, number>();
  for (const command of ['set', 'get']) {
    for (const pipelined of [1, 16]) {
      const before = await cpuSeconds();
      const printed = await runIn(master, [
        ...['redis-benchmark', '--csv', '-t', command, '-n', String(REQUESTS), '-c', '20', '-d', '32'],
        ...['-P', String(pipelined), '--user', 'admin', '-a', password],
      ]);
      const cpu = ((await cpuSeconds()) - before) / REQUESTS;
      const perSecond = Number(/^"(?:SET|GET)","([\d.]+)"/m.exec(printed)?.[1]);
      if (!(perSecond > 0)) throw new Error(`redis-benchmark printed ${printed}`);
      const what = `${command.toUpperCase()}, pipelines of ${pipelined}`;
      found.set(`${what}, requests per s`, perSecond);
      found.set(`${what}, us of CPU each`, cpu * 1e6);
    }
  }
  platform().disconnect(client);
  return found;
}

async function runIn(name: string, command: readonly string[]): Promise<string> {
  const exec = await platform()
    .container(name)
    .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const chunks: Buffer[] = [];
  for await (const chunk of await exec.start({})) chunks.push(chunk as Buffer);
  return demultiplex(Buffer.concat(chunks));
}
