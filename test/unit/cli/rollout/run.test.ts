import { describe, expect, it } from '@jest/globals';
import { Duration } from '../../../../constructs/core/units.js';
import { rollOut } from '../../../../cli/rollout/run.js';
import type { Status } from '../../../../cli/status/status.js';
import { container, seeder, topology, wellStatus } from './rollout.js';

/** Rolls out, and returns what was done in which order. */
async function rolled(
  changes: Parameters<typeof rollOut>[0],
  { begin = wellStatus(), looks = [] }: { begin?: Status; looks?: readonly Status[] } = {},
): Promise<string[]> {
  const done: string[] = [];
  const left = [...looks];
  await rollOut(changes, begin, {
    topology,
    look: () => Promise.resolve(left.shift() ?? looks.at(-1) ?? begin),
    apply: (addresses) => {
      done.push(`apply ${addresses.join(' ')}`);
      return Promise.resolve();
    },
    settled: (instances) => {
      done.push(`settled ${instances.join(' ')}`);
      return Promise.resolve();
    },
    step: (title, run) => {
      done.push(title);
      return run((text) => void done.push(`waits: ${text}`));
    },
    pause: () => Promise.resolve(),
    within: Duration.seconds(1),
  });
  return done;
}

describe('a change of what runs', () => {
  it('applies a step, waits until all has settled, and goes on; the rest is left for the end', async () => {
    expect(
      await rolled([container('api-0'), container('redis-1'), container('elasticsearch-0'), seeder('redis')]),
    ).toEqual([
      'Prepare files and networks',
      'apply docker_container.redis-seeder',
      'settled ',
      'Replace redis-1',
      'apply docker_container.redis-1',
      'settled redis-1',
      'Replace api-0',
      'apply docker_container.api-0',
      'settled api-0',
    ]);
  });

  it('says why it waits, once for each reason', async () => {
    const none = { ...wellStatus(), redis: null };
    expect(await rolled([container('redis-1')], { looks: [none, none, wellStatus()] })).toEqual([
      'Replace redis-1',
      'apply docker_container.redis-1',
      'waits: no master answers at the master port',
      'settled redis-1',
    ]);
  });

  it('looks after each step who is master now: that one goes last', async () => {
    const done = await rolled([container('redis-0'), container('redis-1'), container('redis-2')], {
      // The first replacement is followed by an unplanned failover to redis-1.
      looks: [wellStatus('redis-1')],
    });
    expect(done.filter((line) => line.startsWith('apply'))).toEqual([
      'apply docker_container.redis-2',
      'apply docker_container.redis-0',
      'apply docker_container.redis-1',
    ]);
  });

  it('stops where it does not settle, and says what is untouched', async () => {
    const never = { ...wellStatus(), redis: null };
    await expect(
      rolled([container('redis-1'), container('redis-2'), container('api-0')], { looks: [never] }),
    ).rejects.toThrow(
      /did not settle within 1 s after this step: Replace redis-2[^]*no master answers[^]*Not changed yet: redis-1, api-0/,
    );
  });
});
