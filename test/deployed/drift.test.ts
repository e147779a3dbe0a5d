import { describe, expect } from '@jest/globals';
import type Docker from 'dockerode';
import { findDrift } from '../../cli/drift/index.js';
import { Duration } from '../../constructs/core/units.js';
import { bringUp, command, Faults } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';
import { recreate } from '../support/recreate.js';

const platform = usePlatform({ restore });
const MEBIBYTE = 1024 * 1024;
/** Carried by what these tests make besides the platform. */
const LABEL = { 'redis-platform.test-helper': 'drift' };

/** Something that is done by hand, past Terraform. */
interface Case {
  readonly what: string;
  readonly breakIt: () => Promise<unknown>;
  /** What a plan says of it, without the names' beginning that all share. */
  readonly said: readonly string[];
  /** Short names of the containers that are made anew; all others go on. @default none */
  readonly replaced?: readonly string[];
  /** Checked after the repair. @default nothing */
  readonly afterwards?: () => Promise<unknown>;
}

const CASES: readonly Case[] = [
  {
    what: 'a network that a node was connected to',
    breakIt: () => network('bridge').connect({ Container: container('redis-0').id }),
    said: ['container redis-0 is also a member of network bridge'],
  },
  {
    what: 'a network that a container was disconnected from',
    breakIt: () => platformNetwork('redis').disconnect({ Container: container('api-1').id }),
    said: ['container api-1 is no member of network redis'],
    replaced: ['api-1'],
  },
  {
    what: 'another address, and another name, in a network',
    breakIt: async () => {
      const { id } = container('api-0');
      await platformNetwork('api-http').disconnect({ Container: id });
      const address = (await networkAddress('api-http')).replace(/\d+$/, (last) => String(Number(last) + 20));
      await platformNetwork('api-http').connect({
        Container: id,
        EndpointConfig: { IPAMConfig: { IPv4Address: address }, Aliases: ['redis-0'] },
      });
    },
    said: ['container api-0 has the address', 'container api-0 is also called redis-0 in network api-http'],
    replaced: ['api-0'],
  },
  {
    what: 'limits that were changed',
    breakIt: () =>
      container('api-0').update({
        Memory: 96 * MEBIBYTE,
        MemorySwap: 96 * MEBIBYTE,
        CpuShares: 77,
        PidsLimit: 300,
        RestartPolicy: { Name: 'no' },
      }),
    said: [
      'container api-0: memory is 96 MiB, declared',
      'container api-0: memory_swap is 96 MiB, declared',
      'container api-0: cpu_shares is 77, declared 0',
      'container api-0: process limit is 300, declared 0',
      'container api-0: restart is no 0, declared unless-stopped 0',
    ],
    replaced: ['api-0'],
  },
  {
    what: 'a privileged look-alike in the place of a container, with its labels',
    breakIt: async () => {
      const { Config, Name } = await container('api-1').inspect();
      await container('api-1').remove({ force: true });
      await make({ name: Name.slice(1), Image: Config.Image, Labels: Config.Labels, HostConfig: { Privileged: true } });
    },
    said: ['container api-1 is not the one that was applied'],
    replaced: ['api-1'],
  },
  {
    what: 'other privileges of a container that is taken for the one that was applied',
    breakIt: () =>
      recreate(platform(), 'api-1', {
        host: {
          Privileged: true,
          ReadonlyRootfs: false,
          CapAdd: ['NET_ADMIN'],
          CapDrop: [],
          SecurityOpt: [],
          PidMode: 'host',
          IpcMode: 'host',
          GroupAdd: ['0'],
          Ulimits: [],
        },
      }),
    said: [
      'privileged is true, declared false',
      'read_only is false, declared true',
      'cap_add is NET_ADMIN, declared none',
      'cap_drop is none, declared ALL',
      'security_opts is',
      'pid_mode is host, declared its own',
      'ipc_mode is host, declared its own',
      'group_add is 0, declared none',
      'ulimit is none, declared nproc',
    ].map((fact) => `container api-1: ${fact}`),
    replaced: ['api-1'],
  },
  {
    what: 'another user, other mounts, devices, variables and names of a container that is taken for the one that was applied',
    breakIt: () =>
      recreate(platform(), 'api-1', {
        config: { User: '0:0', Env: ['PATH=/usr/bin'] },
        host: {
          Binds: ['/etc:/host/etc:ro'],
          Tmpfs: {},
          Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'rwm' }],
          DeviceCgroupRules: ['c 1:3 rwm'],
          ExtraHosts: ['elsewhere:127.0.0.1'],
          Dns: ['127.0.0.1'],
          LogConfig: { Type: 'none', Config: {} },
        },
      }),
    said: [
      'user is 0:0, declared',
      'env differs in',
      'mounts is',
      'tmpfs is none, declared',
      'devices is /dev/null:/dev/nothing:rwm, declared none',
      'device rules is c 1:3 rwm, declared none',
      'host is elsewhere:127.0.0.1, declared none',
      'dns is 127.0.0.1, declared none',
      'log_driver is none, declared json-file',
    ]
      .map((fact) => `container api-1: ${fact}`)
      .concat('folder /etc of the host at /host/etc (read-only)'),
    replaced: ['api-1'],
  },
  {
    what: 'a container of another image in the place of one, without labels',
    breakIt: async () => {
      const { Name } = await container('api-0').inspect();
      await container('api-0').remove({ force: true });
      await make({ name: Name.slice(1), Image: await platform().helperImage(), Cmd: ['sleep', '600'] });
    },
    said: ['container api-0 is not the one that was applied'],
    replaced: ['api-0'],
  },
  {
    what: 'a stranger in a network of the platform',
    breakIt: async () => {
      const HostConfig = { NetworkMode: platformNetwork('redis').id };
      await make({ name: stranger(), Image: await platform().helperImage(), Cmd: ['sleep', '600'], HostConfig });
    },
    said: [`container stranger, which is not declared, is a member of network redis`],
    afterwards: async () => {
      const { State, NetworkSettings } = await platform().docker.getContainer(stranger()).inspect();
      // It loses what it must not have, and nothing else.
      expect([State.Running, Object.keys(NetworkSettings.Networks)]).toEqual([true, []]);
      await removeStrangers();
    },
  },
  {
    what: 'a stranger with the labels of the platform',
    breakIt: async () => {
      const { Config } = await container('api-0').inspect();
      const HostConfig = { Privileged: true, NetworkMode: 'host' };
      await make({ name: stranger(), Image: Config.Image, Labels: Config.Labels, HostConfig });
    },
    said: ["container stranger carries the deployment's label, and is not declared"],
    afterwards: async () => {
      await expect(platform().docker.getContainer(stranger()).inspect()).rejects.toThrow(/no such container/i);
    },
  },
  {
    what: 'a container that was renamed',
    breakIt: () => container('api-0').rename({ name: stranger() }),
    said: ['container api-0 is called stranger'],
  },
  {
    what: 'a container that was paused, and one that was stopped',
    breakIt: () => Promise.all([container('api-0').pause(), container('api-1').stop()]),
    said: ['container api-0 is paused'],
  },
  {
    what: 'a network that was made anew with a way out',
    breakIt: async () => {
      const [{ IPAM, Labels, Name, Id }, members] = [
        await platformNetwork('api-http').inspect(),
        await membersOf('api-http'),
      ];
      for (const { Container } of members) await network(Id).disconnect({ Container, Force: true });
      await network(Id).remove();
      await platform().docker.createNetwork({ Name, IPAM, Labels, Internal: false, CheckDuplicate: true });
      for (const member of members) await network(Name).connect(member);
    },
    said: ['network api-http is not the one that was applied', 'network api-http is gone'],
    replaced: ['api-0', 'api-1', 'proxy-0'],
    afterwards: async () => {
      expect((await platformNetwork('api-http').inspect()).Internal).toBe(true);
    },
  },
];

describe('what was changed by hand is named by a plan, and a start repairs it and nothing else:', () => {
  for (const { what, breakIt, said, replaced = [], afterwards } of CASES) {
    it(
      what,
      async () => {
        const before = await ids();
        await breakIt();
        const plan = await command(platform(), 'plan');
        const words = plan.all.replaceAll(`rp-${platform().context.name}-`, '');
        expect([plan.exitCode, ...said.filter((line) => !words.includes(line)), words]).toEqual([2, words]);
        expect(await bringUp(platform())).not.toContain('nothing to do');
        await platform().healthy();
        expect(await found()).toEqual([]);
        const after = await ids();
        expect(Object.keys(before).filter((name) => after[name] !== before[name])).toEqual([...replaced].sort());
        await afterwards?.();
      },
      Duration.seconds(150),
    );
  }

  it(
    'limits of all nodes, a Sentinel and the APIs, which are made anew one by one, the master after it handed over',
    async () => {
      const [before, master] = [await ids(), await platform().master()];
      const broken = [...platform().nodes, 'redis-sentinel-1', 'api-0', 'api-1'];
      const ledger = new Ledger(platform(), { atMost: Duration.seconds(300) });
      await ledger.start();
      for (const name of broken) await container(name).update({ CpuShares: 77 });
      await bringUp(platform());
      await platform().healthy();
      const report = await ledger.stop();
      note(`${report.confirmed} confirmed writes, outage ${JSON.stringify(report.outage)}`);
      expect(report.lost).toEqual([]);
      expect(Object.keys(report.apiAnswers).filter((status) => !['200', '201'].includes(status))).toEqual([]);
      expect(await platform().master()).not.toBe(master);
      const after = await ids();
      expect(Object.keys(before).filter((name) => after[name] !== before[name])).toEqual(broken.sort());
      const started = await Promise.all(
        platform().nodes.map(async (name) => ({ name, at: (await container(name).inspect()).State.StartedAt })),
      );
      expect(started.sort((one, other) => (one.at < other.at ? -1 : 1)).at(-1)?.name).toBe(master);
    },
    Duration.seconds(300),
  );
});

describe('no drift', () => {
  it(
    'is that containers were restarted, and joiners have other addresses since',
    async () => {
      const before = await joinerAddresses();
      const names = platform().topology.services.flatMap(({ instances }) => instances.map(({ name }) => name));
      const joiners = names.filter((name) => !platform().nodes.includes(name));
      await new Faults(platform()).restart(...joiners);
      await platform().healthy();
      note(`${(await joinerAddresses()).filter((address) => !before.includes(address)).length} addresses are new`);
      expect(await found()).toEqual([]);
    },
    Duration.seconds(240),
  );

  it(
    'is what the next start finds, and a plan is empty',
    async () => {
      expect(await bringUp(platform())).toContain('nothing to do');
      const { exitCode, all } = await command(platform(), 'plan');
      expect([exitCode, all]).toEqual([0, expect.stringContaining('No changes')]);
    },
    Duration.seconds(60),
  );
});

/** What a test that failed left broken. */
async function restore(): Promise<void> {
  await removeStrangers();
  if ((await found()).length > 0) await bringUp(platform());
}

async function found(): Promise<string[]> {
  return (await findDrift(platform().context, platform().engine)).map(({ what }) => what);
}

function container(name: string): Docker.Container {
  return platform().container(name);
}

/** By its name in the topology. */
function platformNetwork(name: string): Docker.Network {
  const declared = platform().topology.networks.find((one) => one.name === name);
  if (!declared) throw new Error(`the topology has no network ${name}`);
  return network(declared.resource);
}

function network(name: string): Docker.Network {
  return platform().docker.getNetwork(name);
}

/** The first address that an owner has. */
async function networkAddress(name: string): Promise<string> {
  const { IPAM } = await platformNetwork(name).inspect();
  return String(IPAM?.Config?.[0]?.['Gateway']);
}

async function membersOf(name: string) {
  const { resource } = platform().topology.networks.find((one) => one.name === name) ?? { resource: '' };
  const members = await platform().docker.listContainers({ filters: { network: [resource] } });
  return members.map(({ Id, NetworkSettings }) => ({
    Container: Id,
    EndpointConfig: { IPAMConfig: (NetworkSettings.Networks[resource]?.IPAMConfig ?? {}) as object },
  }));
}

async function ids(): Promise<Record<string, string>> {
  const names = platform().topology.services.flatMap(({ instances }) => instances.map(({ name }) => name));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await container(name).inspect()).Id] as const)),
  );
}

async function joinerAddresses(): Promise<string[]> {
  const all = await platform().docker.listContainers({
    filters: { label: [`redis-platform.deployment=${platform().context.name}`] },
  });
  return all.flatMap(({ Names, NetworkSettings }) =>
    Object.entries(NetworkSettings.Networks).flatMap(([name, { IPAMConfig, IPAddress }]) =>
      (IPAMConfig as { IPv4Address?: string } | null)?.IPv4Address === undefined
        ? [`${Names[0] ?? ''} ${name} ${IPAddress}`]
        : [],
    ),
  );
}

/** On the engine. */
function stranger(): string {
  return `rp-${platform().context.name}-stranger`;
}

async function make(options: Docker.ContainerCreateOptions): Promise<void> {
  const made = await platform().docker.createContainer({ ...options, Labels: { ...options.Labels, ...LABEL } });
  await made.start();
}

async function removeStrangers(): Promise<void> {
  const label = Object.entries(LABEL).map(([name, value]) => `${name}=${value}`);
  const strangers = await platform().docker.listContainers({ all: true, filters: { label } });
  for (const { Id } of strangers) await platform().docker.getContainer(Id).remove({ force: true, v: true });
}
