import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { connectEngine, type Engine } from '../../cli/engine/engine.js';
import { leakedNetworks } from '../support/leaked-networks.js';
import { succeed, useSmallDeployment, withPlatform } from '../support/small-deployment.js';

/*
 * What Docker's own commands do to a deployment between ours. Prunes are told the label, as this engine's owner has other things on it.
 */

const LIMIT_MS = 600_000;
const KEY = 'by-hand';
const context = useSmallDeployment('hand');
const filters = { label: [`redis-platform.deployment=${context.name}`] };
const stranger = `rp-test-stranger-${context.instance ?? ''}`;
let engine: Engine;
let docker: Docker;

beforeAll(async () => {
  engine = await connectEngine();
  docker = engine.docker;
  await succeed(context, 'start');
  await withPlatform(context, (platform) => platform.atMaster().set(KEY, 'kept'));
}, LIMIT_MS);
afterAll(removeStranger);

it(
  'a stranger in every network is taken out of them by down, which names it, and goes on otherwise',
  async () => {
    await addStranger();
    const { all } = await succeed(context, 'down');
    for (const network of ['edge', 'redis']) {
      expect(all).toContain(
        `container ${stranger}, which is not declared, was taken out of network rp-${context.name}-${network}`,
      );
    }
    const { State, NetworkSettings } = await docker.getContainer(stranger).inspect();
    expect([State.Running, Object.keys(NetworkSettings.Networks)]).toEqual([true, []]);
    expect(await left()).toEqual(leakedNetworks(all));
    await removeStranger();
  },
  LIMIT_MS,
);

it(
  'containers and networks that were stopped and pruned come back with their data, and no volume with secrets stays',
  async () => {
    await succeed(context, 'start');
    const containers = await docker.listContainers({ all: true, filters });
    const nameless = namelessVolumes(containers);
    expect(nameless.length).toBeGreaterThan(0);
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).stop().catch(unlessStopped)));
    await docker.pruneContainers({ filters });
    await docker.pruneNetworks({ filters });
    expect([await left(), await present(nameless)]).toEqual([[], nameless]);
    await succeed(context, 'start');
    expect(await withPlatform(context, (platform) => platform.atMaster().get(KEY))).toBe('kept');
    expect(await present(nameless)).toEqual([]);
  },
  LIMIT_MS,
);

it(
  'docker system prune takes no data, running or stopped, and what starts afterwards leaves no volume with secrets',
  async () => {
    for (const stopped of [false, true]) {
      const containers = await docker.listContainers({ all: true, filters });
      const nameless = namelessVolumes(containers);
      if (stopped) await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).stop().catch(unlessStopped)));
      const prune = ['system', 'prune', '--force', '--filter', `label=${filters.label.join('')}`];
      await execa(findDocker(), prune, { env: engine.environment });
      const running = containers.filter(({ State }) => State === 'running').map(({ Id }) => Id);
      const remaining = await docker.listContainers({ all: true, filters });
      // Those that only hold files never run.
      expect(remaining.map(({ Id }) => Id).sort()).toEqual(stopped ? [] : running.sort());
      expect(remaining.length).toBeLessThan(containers.length);
      const { all } = await succeed(context, 'start');
      if (!stopped) expect(all).toContain('One by one');
      expect(await withPlatform(context, (platform) => platform.atMaster().get(KEY))).toBe('kept');
      const used = namelessVolumes(await docker.listContainers({ all: true, filters }));
      expect((await present(nameless)).filter((name) => !used.includes(name))).toEqual([]);
    }
  },
  LIMIT_MS,
);

it(
  'data volumes that were pruned while it was down are named by the next start',
  async () => {
    await succeed(context, 'down');
    const { Volumes } = await docker.listVolumes();
    const names = Volumes.map(({ Name }) => Name).filter((name) => name.startsWith(`rp-${context.name}-`));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) await docker.getVolume(name).remove();
    const { all } = await succeed(context, 'start');
    expect(all).toContain(`are not there and begin empty: ${names.sort().join(', ')}`);
    expect(await withPlatform(context, (platform) => platform.atMaster().get(KEY))).toBe(null);
  },
  LIMIT_MS,
);

it(
  'what was pruned to the last container is removed for good, with the secrets, though a stranger came back',
  async () => {
    const containers = await docker.listContainers({ all: true, filters });
    const nameless = namelessVolumes(containers);
    for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true });
    await addStranger();
    const { all } = await succeed(context, 'destroy', '--delete-data', '--yes');
    expect([await left(), await present(nameless)]).toEqual([leakedNetworks(all), []]);
    const { Volumes } = await docker.listVolumes();
    expect(Volumes.filter(({ Name }) => Name.startsWith(`rp-${context.name}-`))).toEqual([]);
    await removeStranger();
  },
  LIMIT_MS,
);

/** Containers and networks of the deployment. */
async function left(): Promise<string[]> {
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  return [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name)];
}

function namelessVolumes(containers: readonly Docker.ContainerInfo[]): string[] {
  const names = containers.flatMap(({ Mounts }) => Mounts.flatMap(({ Name = '' }) => Name));
  return [...new Set(names.filter((name) => /^[0-9a-f]{64}$/.test(name)))].sort();
}

async function present(volumes: readonly string[]): Promise<string[]> {
  const { Volumes } = await docker.listVolumes();
  return volumes.filter((name) => Volumes.some(({ Name }) => Name === name));
}

/** A container of somebody else in all of the deployment's networks. */
async function addStranger(): Promise<void> {
  const networks = await docker.listNetworks({ filters });
  const [base] = await docker.listImages({ filters: { reference: ['redis-platform.invalid/base'] } });
  const Image = base?.RepoTags?.[0] ?? '';
  const made = await docker.createContainer({ name: stranger, Image, Cmd: ['sleep', '600'], StopSignal: 'SIGKILL' });
  await made.start();
  await docker.getNetwork('bridge').disconnect({ Container: made.id });
  for (const { Id } of networks) await docker.getNetwork(Id).connect({ Container: made.id });
}

async function removeStranger(): Promise<void> {
  await docker.getContainer(stranger).remove({ force: true }).catch(unlessGone);
}

function unlessStopped(error: Error & { statusCode?: number }): void {
  if (error.statusCode !== 304) throw error;
}

function unlessGone(error: Error & { statusCode?: number }): void {
  if (error.statusCode !== 404) throw error;
}
