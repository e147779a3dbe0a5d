import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { Faults } from '../support/faults.js';
import { runHelper } from '../support/helper-container.js';
import { it, note, usePlatform } from '../support/live.js';
import { LogLines } from '../support/log-lines.js';
import { NumberedRequests, quantile } from '../support/numbered-requests.js';

/** What logs cost and how late they are, in numbers: `npm test -- --bench --only logs`. Only lost lines fail it, never time. */
const platform = usePlatform();
const lines = () => new LogLines(platform());
const run = randomBytes(4).toString('hex');

afterEach(async () => {
  await new Faults(platform()).undo();
  await platform().healthy(Duration.seconds(120));
}, 150_000);

it(
  'how long a line takes to be searchable',
  async () => {
    const delays: number[] = [];
    for (let number = 0; number < 60; number++) {
      const id = `${run}-delay-${number}`;
      await fetch(`${platform().outputs.api.url}/v1/items/x`, { headers: { 'X-Request-ID': id } });
      const begun = performance.now();
      while ((await lines().find({ term: { 'request.id': id } })).length < 2) await pause(20);
      delays.push(performance.now() - begun);
      await pause(Math.random() * 700);
    }
    note(
      `from a request's end to both its lines: p50 ${seconds(quantile(delays, 0.5))}, p95 ${seconds(quantile(delays, 0.95))}`,
    );
  },
  Duration.seconds(300),
);

it(
  'how many lines a second are shipped',
  async () => {
    const total = 200_000;
    const id = `${run}-bulk`;
    // As log-run writes them, ~300 bytes each.
    const script = `perl -e '
    for my $n (1 .. ${total}) {
      printf "{\\"\\@timestamp\\":\\"${new Date().toISOString().replace('Z', '000000Z')}\\",\\"event.id\\":\\"${id}-%d\\",\\"service.name\\":\\"api\\",\\"service.instance\\":\\"api-0\\",\\"log.level\\":\\"info\\",\\"message\\":\\"line %d ${'x'.repeat(100)}\\"}\\n", $n, $n;
    }' > /logs/bulk-00000001.log`;
    const begun = performance.now();
    await runHelper(platform(), script, { Binds: [`${platform().containerName('api-0')}-logs:/logs`] });
    const written = performance.now() - begun;
    const body = { query: { prefix: { 'event.id': `${id}-` } } };
    let count = 0;
    while (count < total && performance.now() - begun < 240_000) {
      await pause(500);
      const answer = await lines().call('POST', `/${lines().pattern}/_count`, { user: 'reader', body });
      ({ count } = (await answer.json()) as { count: number });
    }
    const took = performance.now() - begun;
    note(
      `${total} lines, written in ${seconds(written)}, were searchable after ${seconds(took)}: ${Math.round((total / took) * 1000)} lines/s`,
    );
    expect(count).toBe(total);
    await runHelper(platform(), 'rm /logs/bulk-00000001.log', {
      Binds: [`${platform().containerName('api-0')}-logs:/logs`],
    });
  },
  Duration.seconds(280),
);

it(
  'what shipping and storing cost the API',
  async () => {
    const names = platform()
      .topology.services.filter(({ supporting }) => supporting)
      .flatMap(({ instances }) => instances.map(({ name }) => name));
    const ratios: number[] = [];
    for (let pair = 0; pair < 6; pair++) {
      const rates: Record<string, number> = {};
      // Which one comes first alternates, so that a trend of the machine's favours neither.
      for (const how of pair % 2 === 0 ? ['with', 'without'] : ['without', 'with']) {
        if (how === 'without') await new Faults(platform()).freeze(...names);
        rates[how] = await throughput(8000);
        if (how === 'without') await new Faults(platform()).unfreeze(...names);
        await pause(3000);
      }
      ratios.push((rates['with'] ?? NaN) / (rates['without'] ?? NaN));
      note(`pair ${pair + 1}: ${rates['with']?.toFixed(0)} and ${rates['without']?.toFixed(0)} requests/s`);
    }
    note(
      `API throughput with the logs shipped / with shipper and store frozen: ${ratios.map((one) => one.toFixed(2)).join(', ')}`,
    );
    note(`median ${quantile(ratios, 0.5).toFixed(2)}`);
  },
  Duration.seconds(280),
);

it('what each container of the log stack needs', async () => {
  for (const { name, instances, supporting } of platform().topology.services) {
    if (!supporting) continue;
    for (const instance of instances) {
      const stats = (await platform().container(instance.name).stats({ stream: false })) as {
        memory_stats: { usage: number; stats: { inactive_file?: number; total_inactive_file?: number } };
      };
      const { usage, stats: parts } = stats.memory_stats;
      const used = usage - (parts.total_inactive_file ?? parts.inactive_file ?? 0);
      note(`${name}: ${Math.round(used / 1024 ** 2)} MiB`);
    }
  }
});

/** Requests a second that 16 clients get answered. */
async function throughput(milliseconds: number): Promise<number> {
  const requests = new NumberedRequests(platform(), `${run}-load`, 0);
  const end = Date.now() + milliseconds;
  let number = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (Date.now() < end) await requests.send(number++);
    }),
  );
  await requests.stop();
  expect(requests.failed).toBe(0);
  return (number / milliseconds) * 1000;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
