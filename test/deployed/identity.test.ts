import { afterEach, expect } from '@jest/globals';
import { bringUp as bringUpContext } from '../../cli/start/start.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import type { EnvironmentInput } from '../../environments/schema.js';
import { changedContext } from '../support/changed-context.js';
import { command, Faults, restarted, startedAt } from '../support/faults.js';
import { itUnless, note, usePlatform } from '../support/live.js';

// Roles belong to the n-th node, whatever it is called and wherever it is.
const platform = usePlatform();
const KEYS = 500;
/** Whatever its environment says. */
const ownRange = processEnv['PLATFORM_INSTANCE'] ? 'an instance has a range of its own' : undefined;

afterEach(async () => {
  const { exitCode, all } = await command(platform(), 'start', '--yes');
  expect([exitCode, all]).toEqual([0, all]);
  await platform().reload();
}, 120_000);

/** Until the declared first master is not the master. */
async function failOver(): Promise<string> {
  const [declared = ''] = platform().nodes;
  if ((await platform().master()) === declared) {
    const before = await startedAt(platform(), declared);
    await new Faults(platform()).killRedisServer(declared);
    await restarted(platform(), declared, before);
    await platform().healthy();
  }
  const master = await platform().master();
  expect(master).not.toBe(declared);
  return master;
}

async function write(prefix: string): Promise<void> {
  const client = platform().atMaster();
  const pipeline = client.pipeline();
  for (let number = 0; number < KEYS; number++) pipeline.set(`${prefix}:${number}`, String(number), 'EX', 900);
  await pipeline.exec();
  expect(await client.wait(platform().nodes.length - 1, 5000)).toBe(platform().nodes.length - 1);
  platform().disconnect(client);
}

async function count(prefix: string): Promise<number> {
  const client = platform().atMaster();
  const values = await client.mget(Array.from({ length: KEYS }, (_, number) => `${prefix}:${number}`));
  platform().disconnect(client);
  return values.filter((value, number) => value === String(number)).length;
}

const CHANGES: readonly (readonly [string, (declared: EnvironmentInput) => EnvironmentInput, (string | undefined)?])[] =
  [
    ['name of the master', (declared) => ({ ...declared, redis: { ...declared.redis, masterName: 'renamed' } })],
    ['range of addresses', (declared) => ({ ...declared, network: { baseCidr: '10.213.64.0/20' } }), ownRange],
  ];
for (const [what, change, why] of CHANGES) {
  itUnless(why)(
    `another ${what}, after a failover, is not made without a word, and then keeps the master and every write`,
    async () => {
      const changed = changedContext(platform(), change);
      const master = await failOver();
      await write(what);
      const before = await startedAt(platform(), master);
      await expect(bringUpContext(changed, {})).rejects.toThrow(/stops all of/);
      expect(await startedAt(platform(), master)).toBe(before);

      const begun = Date.now();
      await bringUpContext(changed, { yes: true });
      note(`another ${what}: ${((Date.now() - begun) / 1000).toFixed(0)} s`);
      await platform().reload();
      await platform().healthy();
      expect(await platform().master()).toBe(master);
      expect(await count(what)).toBe(KEYS);
    },
    Duration.seconds(240),
  );
}
