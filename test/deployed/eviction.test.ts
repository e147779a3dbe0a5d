import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();
const WITHIN = Duration.seconds(120);

const VALUE = 'x'.repeat(16 * 1024);
const BATCH = 100;
/** Of each batch of old keys, Redis has then had dozens among its samples (five an eviction). */
const EVICTIONS = 3 * BATCH;
/** What a burst of writes may be above the limit between two evictions. */
const SLACK = 1.1;
/** Redis tells ages in steps of a second. */
const CLEARLY_OLDER_MS = 2500;
/** A new key counts 5; about 30 uses make it 8 (redis.conf, lfu-log-factor). */
const OFTEN = 8;
/** Seconds: longer than a test. */
const LONG_S = 600;

it(
  'under pressure the keys go that were not used for longest, as allkeys-lru says, and no write fails',
  async () => {
    expect(declared().evictionPolicy).toBe('allkeys-lru');
    await withEmptyMaster(async (app, admin) => {
      await write(app, 'old');
      await write(app, 'used');
      await pause(CLEARLY_OLDER_MS);
      // On a slow machine new keys are younger than what was used before all of them.
      await writeUntilEvicted(app, admin, { meanwhile: () => admin.touch(...names('used')) });
      // Redis compares samples, so it is a matter of how many. With a random policy both would be alike.
      const [old, used] = [await app.exists(names('old')), await app.exists(names('used'))];
      expect(old).toBeLessThan(used * 0.8);
    });
  },
  WITHIN,
);

for (const policy of ['allkeys-lfu', 'volatile-lfu'] as const) {
  it(
    `with ${policy} the keys stay that were used often, however long ago, and no write fails`,
    async () => {
      await withEmptyMaster(async (app, admin) => {
        await admin.config('SET', 'maxmemory-policy', policy);
        await write(app, 'often', LONG_S);
        await useOften(admin, names('often'));
        // By age, as LRU has it, these would be the first to go.
        await pause(CLEARLY_OLDER_MS);
        await write(app, 'seldom', LONG_S);
        await write(app, 'for-ever');
        await writeUntilEvicted(app, admin, { expiring: LONG_S });
        const left = (prefix: string) => app.exists(names(prefix));
        expect(await left('often')).toBe(BATCH);
        expect(await left('seldom')).toBeLessThan(BATCH);
        if (policy === 'volatile-lfu') expect(await left('for-ever')).toBe(BATCH);
        else expect(await left('for-ever')).toBeLessThan(BATCH);
      });
    },
    WITHIN,
  );
}

function declared(): { readonly limit: number; readonly evictionPolicy: string } {
  const { maxMemoryBytes: limit, evictionPolicy } = platform().redis.model.nodes;
  return { limit, evictionPolicy };
}

/** What other tests left would go first. The policy is the declared one again afterwards. */
async function withEmptyMaster(check: (app: Redis, admin: Redis) => Promise<void>): Promise<void> {
  const [app, admin] = [platform().atMaster(), platform().atMaster(platform().login('admin'))];
  await admin.flushall();
  try {
    await check(app, admin);
  } finally {
    await admin.config('SET', 'maxmemory-policy', declared().evictionPolicy);
    await admin.flushall();
  }
}

/** Writes new keys until enough were evicted. */
async function writeUntilEvicted(
  app: Redis,
  admin: Redis,
  { expiring, meanwhile }: { readonly expiring?: number; readonly meanwhile?: () => Promise<unknown> } = {},
): Promise<void> {
  const { limit } = declared();
  const { evicted } = await memory(admin);
  const atMost = (2 * limit) / (BATCH * VALUE.length);
  let now = await memory(admin);
  for (let batch = 0; now.evicted - evicted < EVICTIONS && batch < atMost; batch++) {
    await meanwhile?.();
    await write(app, `new-${batch}`, expiring);
    now = await memory(admin);
    expect(now.used).toBeLessThan(limit * SLACK);
  }
  expect(now.evicted - evicted).toBeGreaterThanOrEqual(EVICTIONS);
}

/** Until Redis says so of each: it does not count while it takes a snapshot. */
async function useOften(admin: Redis, keys: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      const uses = admin.pipeline();
      for (let use = 0; use < 20; use++) uses.touch(...keys);
      await uses.exec();
      const counts = await Promise.all(keys.map((key) => admin.object('FREQ', key)));
      expect(Math.min(...counts.map(Number))).toBeGreaterThanOrEqual(OFTEN);
    },
    { within: Duration.seconds(15) },
  );
}

const names = (prefix: string) => Array.from({ length: BATCH }, (_, index) => `eviction:${prefix}:${index}`);

/** @param expiring after how many seconds */
async function write(client: Redis, prefix: string, expiring?: number): Promise<void> {
  const pipeline = client.pipeline();
  for (const name of names(prefix)) {
    if (expiring === undefined) pipeline.set(name, VALUE);
    else pipeline.set(name, VALUE, 'EX', expiring);
  }
  const answers = (await pipeline.exec()) ?? [];
  expect(answers.map(([error, answer]) => error ?? answer)).toEqual(names(prefix).map(() => 'OK'));
}

/** Buffers for replicas do not count against maxmemory. */
async function memory(client: Redis): Promise<{ used: number; evicted: number }> {
  const info = await client.info('memory', 'stats');
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return { used: number('used_memory') - number('mem_not_counted_for_evict'), evicted: number('evicted_keys') };
}
