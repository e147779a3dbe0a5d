import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { secretValues } from '../../cli/deployment/secrets-in-use.js';
import { Duration } from '../../constructs/core/units.js';
import { changedContext } from '../support/changed-context.js';
import { eventually } from '../support/eventually.js';
import { bringUp, command, Faults, restarted, startedAt } from '../support/faults.js';
import { it, itUnless, NO_MIRRORS, usePlatform } from '../support/live.js';
import { useRollingChange } from '../support/rolling-change.js';

// Starts what the project declares again.
const platform = usePlatform({ restore: bringUp });
const WITHIN = Duration.seconds(400);
const { rolling, starts } = useRollingChange(platform, WITHIN);

describe('under load, no request fails and no confirmed write is lost', () => {
  it(
    'when maxMemory changes: replicas first, the master last, and nobody else',
    async () => {
      const master = await platform().master();
      const context = changedContext(platform(), (declared) => ({
        ...declared,
        redis: { ...declared.redis, maxMemory: '40MiB' },
      }));
      const order = await rolling('maxMemory', context);
      expect([...order].sort()).toEqual([...platform().nodes].sort());
      expect(order.at(-1)).toBe(master);
      expect(await platform().master()).not.toBe(master);
      for (const node of platform().nodes) {
        const client = platform().atNode(node);
        expect([node, (await client.config('GET', 'maxmemory'))[1]]).toEqual([node, String(40 * 1024 * 1024)]);
        platform().disconnect(client);
      }
    },
    WITHIN,
  );

  it(
    'when every password changes: one by one, the proxy without a restart, and the old ones are refused in the end',
    async () => {
      const { paths } = platform().context;
      const { secrets } = platform().topology;
      const old = { app: platform().login('app'), sentinel: platform().sentinelLogin('app') };
      const master = await platform().master();
      const before = await starts();
      const prepare = async () => {
        for (const name of secrets) rmSync(join(paths.secrets, name));
        // A plan makes the new ones; what runs has the old ones, and the status still finds its way in.
        const plan = await command(platform(), 'plan');
        expect(plan.all).toContain('One by one');
        expect(plan.all).toContain('old and new passwords are accepted');
        expect(plan.all).toContain('proxy-0 reads its changed files while it runs');
        expect((await platform().healthy()).redis?.master).toBe(master);
      };
      const order = await rolling('all passwords', platform().context, { prepare });
      const replaced = [...before.keys()].filter((name) => name !== 'proxy-0' && !isSupporting(name));
      expect(order.filter((name) => !isSupporting(name)).sort()).toEqual(replaced.sort());
      expect(order.filter((name) => platform().nodes.includes(name)).at(-1)).toBe(master);
      for (const name of secrets) expect([name, secretValues(paths, name).length]).toEqual([name, 1]);
      for (const node of platform().nodes) {
        await expect(platform().atNode(node, old.app).get('x')).rejects.toThrow(/WRONGPASS|NOAUTH/);
        expect([node, await platform().atNode(node).get('x')]).toEqual([node, null]);
      }
      for (const sentinel of platform().sentinels) {
        const refused = platform().atSentinel(sentinel, old.sentinel);
        await expect(refused.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'platform')).rejects.toThrow(
          /WRONGPASS|NOAUTH/,
        );
      }
    },
    WITHIN,
  );

  it(
    'when the quorum changes: Sentinels, and nobody else',
    async () => {
      const context = changedContext(platform(), (declared) => ({
        ...declared,
        redis: { ...declared.redis, quorum: platform().sentinels.length },
      }));
      const order = await rolling('quorum', context);
      expect([...order].sort()).toEqual([...platform().sentinels].sort());
      for (const sentinel of platform().sentinels) {
        const client = platform().atSentinel(sentinel);
        const master = (await client.call('SENTINEL', 'MASTER', 'platform')) as string[];
        expect([sentinel, master[master.indexOf('quorum') + 1]]).toEqual([sentinel, String(order.length)]);
        platform().disconnect(client);
      }
    },
    WITHIN,
  );

  // The last of these: whoever changes something after it brings the declared images back as well.
  itUnless(NO_MIRRORS)(
    'when the images of Redis and the API change: Sentinels, replicas, the master, the API, and not the proxy',
    async () => {
      const master = await platform().master();
      const changed = [...platform().sentinels, ...platform().nodes, ...(await apis())].sort();
      try {
        for (const image of IMAGES) writeFileSync(join('images', image, MARK), 'package main\n');
        await ended('prepare-machine');
        const order = await rolling('images of Redis and the API', () => ended('start'));
        expect([...order].sort()).toEqual(changed);
        expect(order.filter((name) => platform().nodes.includes(name)).at(-1)).toBe(master);
      } finally {
        for (const image of IMAGES) rmSync(join('images', image, MARK), { force: true });
      }
    },
    WITHIN,
  );
});

describe('no confirmed write is lost', () => {
  it(
    'when the node that is the master goes, and when it comes back',
    async () => {
      const last = platform().nodes.at(-1) ?? '';
      await makeMaster(last);
      const fewer = changedContext(platform(), (declared) => ({
        ...declared,
        redis: { ...declared.redis, replicas: platform().nodes.length - 2 },
      }));
      await rolling('the master is removed', fewer, { newPorts: true });
      expect(platform().nodes).not.toContain(last);
      const master = await platform().master();
      expect(platform().nodes).toContain(master);
      await rolling('a node is added', () => bringUp(platform()), { newPorts: true });
      expect(platform().nodes).toContain(last);
    },
    Duration.seconds(800),
  );
});

/** It alone can be elected. */
async function makeMaster(node: string): Promise<void> {
  const master = await platform().master();
  if (master === node) return;
  const faults = new Faults(platform());
  const others = platform().nodes.filter((other) => other !== node && other !== master);
  const before = await startedAt(platform(), master);
  await faults.freeze(...others);
  await faults.killRedisServer(master);
  await restarted(platform(), master, before);
  await eventually(
    async () => {
      const client = platform().atNode(node);
      const [role] = (await client.role().finally(() => {
        platform().disconnect(client);
      })) as [string];
      expect(role).toBe('master');
    },
    { within: Duration.seconds(30) },
  );
  await faults.unfreeze(...others);
  expect(await platform().master()).toBe(node);
}

/** A source file that changes no program; tags of images are hashes of what their builds are sent. */
const MARK = 'test_mark.go';
const IMAGES = ['redis', 'api'];

async function apis(): Promise<string[]> {
  return [...(await starts()).keys()].filter((name) => name.startsWith('api-'));
}

async function ended(name: string): Promise<void> {
  const { exitCode, all } = await command(platform(), name);
  expect([exitCode, all]).toEqual([0, expect.any(String)]);
}

function isSupporting(name: string): boolean {
  return platform().topology.services.some(
    ({ supporting, instances }) => supporting && instances.some((instance) => instance.name === name),
  );
}
