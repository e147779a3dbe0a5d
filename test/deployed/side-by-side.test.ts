import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Context } from '../../cli/context.js';
import { createContext } from '../support/context.js';
import { Duration } from '../../constructs/core/units.js';
import { overlaps } from '../../constructs/core/address-plan.js';
import { readSite } from '../../environments/site.js';
import { command } from '../support/faults.js';
import { leakedNetworks } from '../support/leaked-networks.js';
import { it, usePlatform } from '../support/live.js';
import { Platform } from '../support/platform.js';

const STARTS_MS = 300_000;
const platform = usePlatform();

/** Two copies of `ci`, beside the platform that all tests share. */
const contexts: Context[] = [];
const opened: Platform[] = [];
let one: Platform;
let two: Platform;

beforeAll(async () => {
  // Named after the shared one's instance, so that two runs of the tests do not meet.
  const { instance = '' } = platform().context;
  contexts.push(
    ...['one', 'two'].map((name) => createContext({ env: 'ci', instance: `${name}${instance}`.slice(0, 16) })),
  );
  // At the same time: what they reserve, build and write must not get into each other's way.
  const starts = await Promise.all(contexts.map((context) => command({ context }, 'start')));
  for (const { exitCode, all } of starts)
    if (exitCode !== 0) throw new Error(`a start ended with ${exitCode}:\n${all}`);
  for (const { environment, instance: name } of contexts) {
    opened.push(await Platform.open({ env: environment.name, instance: name }));
  }
  [one, two] = opened as [Platform, Platform];
}, STARTS_MS);
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await Promise.all(contexts.map((context) => command({ context }, 'destroy', '--delete-data', '--yes')));
}, STARTS_MS);

describe('two instances that were started at the same time', () => {
  it(
    'are both well, have nothing to do at the next start, and share no address and no port',
    async () => {
      await Promise.all([one.healthy(), two.healthy()]);
      for (const context of contexts) {
        const again = await command({ context }, 'start');
        expect([again.exitCode, again.all]).toEqual([0, expect.stringContaining('nothing to do')]);
      }
      const { deployments } = readSite(one.context.project.folder);
      const [first, second] = contexts.map(({ name }) => deployments[name]);
      expect(overlaps(first?.baseCidr ?? '', second?.baseCidr ?? '')).toBe(false);
      const [ports, others] = [first, second].map((allocated) => Object.values(allocated?.ports ?? {}));
      expect(ports).toHaveLength(one.topology.published.length);
      expect(ports?.filter((port) => others?.includes(port))).toEqual([]);
    },
    Duration.seconds(120),
  );

  it(
    'each answer with their own data, over HTTP and over Redis',
    async () => {
      for (const each of [one, two]) await write(each);
      for (const each of [one, two])
        expect(await read(each)).toEqual({ item: each.context.name, key: each.context.name });
      // The shared one never heard of it.
      expect((await fetch(itemOf(platform()))).status).toBe(404);
    },
    Duration.seconds(60),
  );

  it(
    'have passwords of their own: those of one are refused by the other',
    async () => {
      const stranger = two.atMaster(one.login('app'), { maxRetriesPerRequest: 1 });
      await expect(stranger.get(KEY)).rejects.toThrow(/WRONGPASS|NOAUTH/);
      two.disconnect(stranger);
    },
    Duration.seconds(30),
  );

  it(
    'go without a trace, and without the other one noticing: not a container is restarted, not a value lost',
    async () => {
      const before = [await containersOf(two), await containersOf(platform())];
      const removed = await command(one, 'destroy', '--delete-data', '--yes');
      expect([removed.exitCode, removed.all]).toEqual([0, expect.stringContaining('is removed, with its data')]);

      expect(await containersOf(one)).toEqual([]);
      const filters = { label: [`redis-platform.deployment=${one.context.name}`] };
      const networks = await two.docker.listNetworks({ filters });
      expect(networks.map(({ Name }) => Name)).toEqual(leakedNetworks(removed.all));
      const { Volumes } = await two.docker.listVolumes();
      const names = Volumes.map(({ Name }) => Name);
      expect(names.filter((name) => name.startsWith(`rp-${one.context.name}-`))).toEqual([]);
      expect(readSite(two.context.project.folder).deployments).not.toHaveProperty(one.context.name);

      expect([await containersOf(two), await containersOf(platform())]).toEqual(before);
      expect((await two.status()).problems).toEqual([]);
      expect(await read(two)).toEqual({ item: two.context.name, key: two.context.name });
    },
    Duration.seconds(120),
  );
});

const KEY = 'side-by-side';

function itemOf({ outputs }: Platform): string {
  return `${outputs.api.url}/v1/items/${KEY}`;
}

/** The same item and key everywhere, with the deployment's name as value. */
async function write(each: Platform): Promise<void> {
  const { name } = each.context;
  const put = await fetch(itemOf(each), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value: name, ttlSeconds: 600 }),
  });
  expect(put.status).toBe(201);
  const client = each.atMaster();
  await client.set(KEY, name, 'EX', 600);
  each.disconnect(client);
}

async function read(each: Platform): Promise<{ item: unknown; key: string | null }> {
  const { value } = (await (await fetch(itemOf(each))).json()) as { value?: unknown };
  const client = each.atMaster();
  const key = await client.get(KEY);
  each.disconnect(client);
  return { item: value, key };
}

/** Each container of a deployment with the moment when it was started. */
async function containersOf({ docker, context }: Platform): Promise<string[]> {
  const filters = { label: [`redis-platform.deployment=${context.name}`] };
  const listed = await docker.listContainers({ all: true, filters });
  const inspected = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
  return inspected.map(({ Id, Name, State }) => `${Name} ${Id} ${State.StartedAt}`).sort();
}
