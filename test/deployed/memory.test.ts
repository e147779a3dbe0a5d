import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { Faults } from '../support/faults.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();
const VALUE = 'x'.repeat(100_000);
/** In all several times what a node may use, so that a buffer without a bound would meet the container's limit. */
const VALUES = 4000;
const WRITERS = 8;

afterEach(async () => {
  await new Faults(platform()).undo();
  await platform().healthy();
}, 90_000);

it(
  'a master whose replica stands still under large writes drops the replica, and is not killed for its memory',
  async () => {
    const { redis } = await platform().healthy();
    const master = redis?.master ?? '';
    const replica = redis?.replicas[0]?.name ?? '';
    const before = (await platform().container(master).inspect()).State.StartedAt;
    await new Faults(platform()).freeze(replica);
    const clients = Array.from({ length: WRITERS }, () => platform().atMaster());
    await Promise.all(
      clients.map(async (client, writer) => {
        for (let number = 0; number < VALUES / WRITERS; number++) {
          await client.set(`memory:${writer}:${number % 30}`, VALUE, 'EX', 60);
        }
        await client.unlink(Array.from({ length: 30 }, (_, number) => `memory:${writer}:${number}`));
        platform().disconnect(client);
      }),
    );
    await pause(1000);
    const { State, RestartCount } = await platform().container(master).inspect();
    expect([State.OOMKilled, State.StartedAt, RestartCount]).toEqual([false, before, expect.any(Number)]);
    await new Faults(platform()).undo();
    expect((await platform().healthy()).redis?.master).toBe(master);
  },
  Duration.seconds(150),
);
