import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { bringUp as bringUpContext } from '../../cli/start/start.js';
import { Duration } from '../../constructs/core/units.js';
import { changedContext } from '../support/changed-context.js';
import { bringUp, command, Faults, restarted, startedAt } from '../support/faults.js';
import { it, usePlatform } from '../support/live.js';
import { secretsIn, secretValues } from '../support/secrets.js';

// Starts what the project declares again.
const platform = usePlatform({ restore: bringUp });
const CHANGED = { maxMemory: '48MiB', downAfter: '1800ms', minReplicasToWrite: 2 } as const;
const CHANGED_LIVE = {
  maxmemory: String(48 * 1024 * 1024),
  'min-replicas-to-write': '2',
  'maxmemory-policy': 'allkeys-lru',
};

async function failOver(): Promise<string> {
  const master = await platform().master();
  const before = await startedAt(platform(), master);
  await new Faults(platform()).killRedisServer(master);
  await restarted(platform(), master, before);
  const { redis } = await platform().healthy();
  expect(redis?.master).not.toBe(master);
  return master;
}

async function expectChanged(): Promise<void> {
  for (const node of platform().nodes) {
    const client = platform().atNode(node);
    const live: Record<string, string> = {};
    for (const name of Object.keys(CHANGED_LIVE)) live[name] = (await client.config('GET', name))[1] ?? '';
    platform().disconnect(client);
    expect([node, live]).toEqual([node, CHANGED_LIVE]);
  }
  for (const sentinel of platform().sentinels) {
    const client = platform().atSentinel(sentinel);
    const master = (await client.call('SENTINEL', 'MASTER', platform().outputs.redis.masterName)) as string[];
    platform().disconnect(client);
    expect([sentinel, master[master.indexOf('down-after-milliseconds') + 1]]).toEqual([sentinel, '1800']);
  }
}

describe('after a failover', () => {
  it(
    'a declared change and a rotated password take effect everywhere, stay so in the next one, and nothing is lost',
    async () => {
      const writer = platform().atMaster();
      await writer.set('config-change:kept', 'yes', 'EX', 600);
      await writer.wait(platform().nodes.length - 1, 2000);
      platform().disconnect(writer);
      await failOver();

      const old = platform().login('app');
      const secrets = secretValues(platform());
      for (const name of ['redis-app', 'redis-api']) rmSync(join(platform().context.paths.secrets, name));
      const plan = await command(platform(), 'plan');
      expect([plan.exitCode, secretsIn(plan.all, secrets), secretsIn(plan.all, secretValues(platform()))]).toEqual([
        2,
        [],
        [],
      ]);
      const changed = changedContext(platform(), (declared) => ({
        ...declared,
        redis: { ...declared.redis, ...CHANGED },
      }));
      await bringUpContext(changed, {});
      await platform().reload();
      await platform().healthy();

      expect(platform().login('app').password).not.toBe(old.password);
      for (const node of platform().nodes) {
        const refused = platform().atNode(node, old);
        await expect(refused.get('config-change:kept')).rejects.toThrow(/WRONGPASS|NOAUTH/);
        platform().disconnect(refused);
        const accepted = platform().atNode(node, platform().login('app'));
        expect([node, await accepted.get('config-change:kept')]).toEqual([node, 'yes']);
        platform().disconnect(accepted);
      }
      // The API has the new password too.
      expect((await fetch(`${platform().outputs.api.url}/health`)).status).toBe(200);
      await expectChanged();
      await failOver();
      await expectChanged();
    },
    Duration.seconds(240),
  );

  it(
    'a setting that was changed by hand on a node is gone with its next start',
    async () => {
      const [node = ''] = platform().nodes;
      const client = platform().atNode(node);
      const declared = await client.config('GET', 'maxmemory-policy');
      await client.config('SET', 'maxmemory-policy', 'volatile-ttl');
      // What Sentinel does in every failover, too.
      await client.config('REWRITE');
      platform().disconnect(client);
      await new Faults(platform()).restart(node);
      await platform().healthy();
      const again = platform().atNode(node);
      expect(await again.config('GET', 'maxmemory-policy')).toEqual(declared);
      platform().disconnect(again);
    },
    Duration.seconds(90),
  );
});
