import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Duration, Size } from '../../constructs/core/units.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();

const VALUE = 'x'.repeat(16 * 1024);
const BATCH = 100;
/** What a burst of writes may be above the limit between two evictions. */
const SLACK = 1.1;
/** Redis tells ages in steps of a second. */
const CLEARLY_OLDER_MS = 2500;

it(
  'under pressure the keys go that were not used for longest, as allkeys-lru says, and no write fails',
  async () => {
    const { maxMemory, evictionPolicy } = platform().redis.nodes.settings['memory'] as Record<string, string>;
    const limit = Size.parse(maxMemory ?? '')?.toBytes() ?? 0;
    expect(evictionPolicy).toBe('allkeys-lru');
    const [app, admin] = [platform().atMaster(), platform().atMaster(platform().login('admin'))];
    try {
      // What other tests left would go first.
      await admin.flushall();
      const { evicted } = await memory(admin);
      await write(app, 'old');
      await write(app, 'used');
      await pause(CLEARLY_OLDER_MS);
      await app.mget(names('used'));
      const atMost = (2 * limit) / (BATCH * VALUE.length);
      let now = await memory(admin);
      for (let batch = 0; now.evicted - evicted < BATCH && batch < atMost; batch++) {
        await write(app, `new-${batch}`);
        now = await memory(admin);
        expect(now.used).toBeLessThan(limit * SLACK);
      }
      expect(now.evicted - evicted).toBeGreaterThanOrEqual(BATCH);
      // Redis compares samples, so it is a matter of how many. With a random policy both would be alike.
      const [old, used] = [await app.exists(names('old')), await app.exists(names('used'))];
      expect(old).toBeLessThan(used * 0.8);
    } finally {
      await admin.flushall();
    }
  },
  Duration.seconds(60),
);

const names = (prefix: string) => Array.from({ length: BATCH }, (_, index) => `eviction:${prefix}:${index}`);

async function write(client: Redis, prefix: string): Promise<void> {
  const pipeline = client.pipeline();
  for (const name of names(prefix)) pipeline.set(name, VALUE);
  const answers = (await pipeline.exec()) ?? [];
  expect(answers.map(([error, answer]) => error ?? answer)).toEqual(names(prefix).map(() => 'OK'));
}

/** Buffers for replicas do not count against maxmemory. */
async function memory(client: Redis): Promise<{ used: number; evicted: number }> {
  const info = await client.info('memory', 'stats');
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return { used: number('used_memory') - number('mem_not_counted_for_evict'), evicted: number('evicted_keys') };
}
