import { afterEach, describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { Faults } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { blockNode, freezeFor, sweepOnce, SweepTable } from '../support/sweep.js';

const platform = usePlatform();
const faults = () => new Faults(platform());

afterEach(async () => {
  await faults().undo();
  await platform().healthy();
}, 90_000);

describe('a master that stops for a moment loses nothing that was acknowledged', () => {
  it(
    'frozen for 1.4 to 3.4 s, which is around the time in which another is promoted',
    async () => {
      const table = new SweepTable();
      for (const milliseconds of [1400, 1900, 2200, 2500, 2900, 3400]) {
        table.add('frozen', await sweepOnce(platform(), (master) => freezeFor(platform(), milliseconds, master)));
      }
      note(table.render());
      expect(table.lost).toEqual([]);
      // Else the sweep did not meet what it is about.
      expect(table.failovers).toBeGreaterThan(0);
    },
    Duration.seconds(400),
  );

  it(
    'busy with a script for 2.2 s',
    async () => {
      const run = await sweepOnce(platform(), (master) => blockNode(platform(), master, 2200));
      expect(run.lost).toEqual([]);
    },
    Duration.seconds(120),
  );
});

it(
  'with two of three Sentinels silent nothing is acknowledged any more, and once they speak again writes come back',
  async () => {
    await platform().healthy();
    const [first = '', second = ''] = platform().sentinels;
    await faults().freeze(first, second);
    // The proxy cuts the connection, if the refusal does not come first.
    const client = platform().atMaster(undefined, { maxRetriesPerRequest: 0 });
    await eventually(
      async () => {
        await expect(client.set('silent', 'yes')).rejects.toThrow(/NOREPLICAS|Connection is closed|ECONN|max retries/);
      },
      { within: Duration.seconds(20) },
    );
    platform().disconnect(client);
    const frozen = await platform().status();
    expect(frozen.ok).toBe(false);
    await faults().unfreeze(first, second);
    const again = platform().atMaster();
    await eventually(
      async () => {
        expect(await again.set('silent', 'no')).toBe('OK');
      },
      { within: Duration.seconds(60) },
    );
    await again.del('silent');
    platform().disconnect(again);
  },
  Duration.seconds(150),
);

it('nobody but the supervisor can end or prolong a lease, and no client can ask for a failover', async () => {
  const { redis } = await platform().healthy();
  const app = platform().atNode(redis?.master ?? '', platform().login('app'));
  for (const command of ['RP.LEASE', 'RP.FENCE', 'RP.UNFENCE']) {
    await expect(app.call(command, '1', '1')).rejects.toThrow(/NOPERM/);
  }
  platform().disconnect(app);
  const sentinel = platform().atSentinel(platform().sentinels[0] ?? '', platform().sentinelLogin('app'));
  await expect(sentinel.call('SENTINEL', 'FAILOVER', platform().outputs.redis.masterName)).rejects.toThrow(/NOPERM/);
  platform().disconnect(sentinel);
});
