import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { bringUp, command, Faults } from '../support/faults.js';
import { leakedNetworks } from '../support/leaked-networks.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();
const faults = () => new Faults(platform());

afterEach(async () => {
  await faults().undo();
});

/** Data of every kind; transactions and scripts reach the append-only file in another way than single commands. */
async function write(): Promise<() => Promise<void>> {
  const key = `persistence:${randomBytes(4).toString('hex')}`;
  const { url } = platform().outputs.api;
  const item = `${url}/v1/items/${key.replace(':', '-')}`;
  const client = platform().atMaster();
  await client.set(`${key}:plain`, '1', 'EX', 600);
  await client.multi().set(`${key}:multi`, '2').rpush(`${key}:list`, 'a', 'b').exec();
  await client.eval(
    "redis.call('SET', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], 600000)",
    1,
    `${key}:script`,
    '3',
  );
  const put = await fetch(item, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value: 'kept', ttlSeconds: 600 }),
  });
  expect(put.status).toBe(201);
  await client.wait(platform().nodes.length - 1, 2000);
  platform().disconnect(client);
  return async () => {
    const reader = platform().atMaster();
    const found = {
      plain: await reader.get(`${key}:plain`),
      multi: await reader.get(`${key}:multi`),
      list: await reader.lrange(`${key}:list`, 0, -1),
      script: await reader.get(`${key}:script`),
      item: await (await fetch(item)).json(),
    };
    await reader.unlink(`${key}:multi`, `${key}:list`);
    platform().disconnect(reader);
    expect(found).toEqual({
      plain: '1',
      multi: '2',
      list: ['a', 'b'],
      script: '3',
      item: expect.objectContaining({ value: 'kept' }) as unknown,
    });
  };
}

/** What the Sentinels must not forget: who they are, and how many failovers there have been. */
async function memory(): Promise<{ ids: unknown[]; epoch: number }> {
  const { sentinels } = await platform().healthy();
  const clients = platform().sentinels.map((name) => platform().atSentinel(name));
  const ids = await Promise.all(clients.map((client) => client.call('SENTINEL', 'MYID')));
  for (const client of clients) platform().disconnect(client);
  return { ids, epoch: Math.max(...sentinels.map(({ configEpoch }) => configEpoch)) };
}

describe('data and roles survive', () => {
  const all = () => platform().topology.services.flatMap(({ instances }) => instances.map(({ name }) => name));

  it(
    'a restart of every container at once',
    async () => {
      const expectKept = await write();
      const before = await memory();
      await faults().restart(...all());
      const after = await memory();
      await expectKept();
      expect(after.ids).toEqual(before.ids);
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
    },
    Duration.seconds(90),
  );

  it(
    'a power cut: every Redis node and every Sentinel killed at once',
    async () => {
      const expectKept = await write();
      const before = await memory();
      const master = await platform().master();
      const both = [...platform().nodes, ...platform().sentinels];
      await faults().killForGood(...both);
      await faults().start(...both);
      const after = await memory();
      await expectKept();
      expect(after.ids).toEqual(before.ids);
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
      // Nobody was there to take over.
      if (after.epoch === before.epoch) expect(await platform().master()).toBe(master);
    },
    Duration.seconds(90),
  );

  it(
    'the recreation of every container, one of a kind at a time',
    async () => {
      const expectKept = await write();
      const before = await memory();
      const ids = await containerIds();
      const rounds = Math.max(...platform().topology.services.map(({ instances }) => instances.length));
      for (let round = 0; round < rounds; round++) {
        const names = platform().topology.services.flatMap(({ instances }) => instances[round]?.name ?? []);
        await faults().remove(...names);
        await bringUp(platform());
      }
      const after = await memory();
      await expectKept();
      expect((await containerIds()).filter((id) => ids.includes(id))).toEqual([]);
      expect(after.ids).toEqual(before.ids);
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
    },
    Duration.seconds(240),
  );

  it(
    'down and start',
    async () => {
      const expectKept = await write();
      const before = await memory();
      const down = await command(platform(), 'down');
      expect([down.exitCode, down.all]).toEqual([0, expect.stringContaining('data is kept')]);
      const filters = { label: [`redis-platform.deployment=${platform().context.name}`] };
      expect(await platform().docker.listContainers({ all: true, filters })).toEqual([]);
      const networks = await platform().docker.listNetworks({ filters });
      expect(networks.map(({ Name }) => Name)).toEqual(leakedNetworks(down.all));
      expect((await command(platform(), 'status')).exitCode).toBe(1);
      await bringUp(platform());
      const after = await memory();
      await expectKept();
      expect(after.ids).toEqual(before.ids);
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
    },
    Duration.seconds(180),
  );

  function containerIds(): Promise<string[]> {
    return Promise.all(all().map(async (name) => (await platform().container(name).inspect()).Id));
  }
});
