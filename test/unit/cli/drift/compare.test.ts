import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { compare } from '../../../../cli/drift/compare.js';
import type { Difference } from '../../../../cli/drift/difference.js';
import type { EngineView } from '../../../../cli/drift/engine-view.js';
import { readProgram } from '../../../../cli/drift/program.js';
import { programResources } from '../../../../policies/judge/resources.js';

type Container = Docker.ContainerInspectInfo;

/** A fresh deployment as an engine showed it: one Redis node, the proxy, their seeders and all networks. */
interface Recording {
  readonly deployment: string;
  readonly program: unknown;
  readonly containers: Container[];
  readonly networks: Docker.NetworkInspectInfo[];
  readonly images: Record<string, { Id: string; Config: unknown }>;
}

class Engine {
  readonly recording: Recording;
  readonly strangers: Docker.ContainerInfo[] = [];
  swapLimit = true;

  constructor(readonly version: string) {
    const file = new URL(`recorded/engine-${version}.json`, import.meta.url);
    this.recording = JSON.parse(readFileSync(file, 'utf8')) as Recording;
  }
  container(short: string): Container {
    const found = this.recording.containers.find(({ Name }) => Name === `/rp-${this.recording.deployment}-${short}`);
    if (!found) throw new Error(`no ${short} was recorded`);
    return found;
  }
  network(short: string): Docker.NetworkInspectInfo {
    const found = this.recording.networks.find(({ Name }) => Name === `rp-${this.recording.deployment}-${short}`);
    if (!found) throw new Error(`no network ${short} was recorded`);
    return found;
  }
  /** As `docker ps` shows what is not ours. */
  add(name: string, more: { network?: string; mode?: string }): void {
    const { network = '', mode = 'default' } = more;
    const joined = network === '' ? {} : { [network]: { NetworkID: this.network('redis').Id } };
    this.strangers.push({
      Id: `id of ${name}`,
      Names: [`/${name}`],
      HostConfig: { NetworkMode: mode },
      NetworkSettings: { Networks: joined },
    } as unknown as Docker.ContainerInfo);
  }

  /** By name, what Terraform remembers. */
  private readonly ids = new Map<string, string>();

  /** What is there now was made by Terraform. */
  remember(): this {
    for (const { Id, Name } of this.recording.containers) this.ids.set(Name.slice(1), Id);
    for (const { Id, Name } of this.recording.networks) this.ids.set(Name, Id);
    return this;
  }
  private recorded() {
    return programResources(this.recording.program).flatMap(({ type, values }) => {
      const name = String(values['name']);
      const id = this.ids.get(name);
      return id === undefined ? [] : [{ type, id, name, labels: {}, volumes: [] }];
    });
  }
  differences(): readonly Difference[] {
    const { program, containers, networks, images, deployment } = this.recording;
    const view: EngineView = {
      deployment,
      containers,
      networks,
      images: new Map(Object.entries(images)),
      swapLimit: this.swapLimit,
      all: [
        ...this.strangers,
        ...containers.map(
          ({ Id, Name, NetworkSettings, HostConfig }) =>
            ({ Id, Names: [Name], NetworkSettings, HostConfig }) as unknown as Docker.ContainerInfo,
        ),
      ],
    };
    return compare(readProgram(program), this.recorded(), view);
  }
  said(): string[] {
    return this.differences().map(({ what }) => what.replaceAll(`rp-${this.recording.deployment}-`, ''));
  }
}

/** What may be done to a container's recording, and what is to be said of it. */
const CHANGES: readonly [string, (redis: Container) => unknown, RegExp][] = [
  ['privileged', ({ HostConfig }) => (HostConfig.Privileged = true), /privileged is true, declared false/],
  ['a writable root', ({ HostConfig }) => (HostConfig.ReadonlyRootfs = false), /read_only is false, declared true/],
  ['a capability', ({ HostConfig }) => (HostConfig.CapAdd = ['CAP_NET_ADMIN']), /cap_add is NET_ADMIN, declared none/],
  ['capabilities that stay', ({ HostConfig }) => (HostConfig.CapDrop = null), /cap_drop is none, declared ALL/],
  [
    'new privileges',
    ({ HostConfig }) => (HostConfig.SecurityOpt = ['seccomp=unconfined']),
    /security_opts is seccomp=unconfined, declared no-new-privileges:true/,
  ],
  ['unmasked kernel paths', ({ HostConfig }) => (HostConfig.MaskedPaths = []), /kernel paths masked is false/],
  ['another user', ({ Config }) => (Config.User = '0:0'), /user is 0:0, declared 10001:10001/],
  ['a group', ({ HostConfig }) => (HostConfig.GroupAdd = ['docker']), /group_add is docker, declared none/],
  ["the host's processes", ({ HostConfig }) => (HostConfig.PidMode = 'host'), /pid_mode is host, declared its own/],
  ["the host's memory", ({ HostConfig }) => (HostConfig.IpcMode = 'host'), /ipc_mode is host, declared its own/],
  ["the host's users", ({ HostConfig }) => (HostConfig.UsernsMode = 'host'), /userns_mode is host/],
  ["the host's name", ({ HostConfig }) => (HostConfig.UTSMode = 'host'), /uts mode is host/],
  ["the host's network", ({ HostConfig }) => (HostConfig.NetworkMode = 'host'), /network_mode is host/],
  [
    'a device',
    ({ HostConfig }) =>
      (HostConfig.Devices = [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'rwm' }]),
    /devices is \/dev\/sda:\/dev\/sda:rwm, declared none/,
  ],
  [
    'a kernel setting',
    ({ HostConfig }) => (HostConfig.Sysctls = { 'net.ipv4.ip_forward': '1' }),
    /sysctls is net.ipv4.ip_forward=1/,
  ],
  [
    'scratch space that may run programs',
    ({ HostConfig }) => (HostConfig.Tmpfs = { '/tmp': 'rw' }),
    /tmpfs is \/tmp=rw, declared \/run=/,
  ],
  [
    'another limit of processes',
    ({ HostConfig }) => (HostConfig.Ulimits = [{ Name: 'nproc', Soft: 9, Hard: 9 }]),
    /ulimit is nproc:9:9/,
  ],
  ['no limit of processes', ({ HostConfig }) => (HostConfig.Ulimits = []), /ulimit is none, declared nproc:/],
  ['more memory', ({ HostConfig }) => (HostConfig.Memory = 1073741824), /memory is 1024 MiB, declared 128 MiB/],
  ['swap', ({ HostConfig }) => (HostConfig.MemorySwap = -1), /memory_swap is -1 bytes, declared 128 MiB/],
  ['more processors', ({ HostConfig }) => (HostConfig.NanoCpus = 4e9), /cpus is 4, declared 1$/],
  ['certain processors', ({ HostConfig }) => (HostConfig.CpusetCpus = '0'), /cpu_set is 0, declared none/],
  ['fewer processes', ({ HostConfig }) => (HostConfig.PidsLimit = 5), /process limit is 5, declared 0/],
  ['another restart policy', ({ HostConfig }) => (HostConfig.RestartPolicy = { Name: 'no' }), /restart is no 0/],
  ['another image', ({ Config }) => (Config.Image = 'evil:1'), /image is evil:1, declared redis-platform\/redis/],
  ['an image under the same name', (redis) => (redis.Image = 'sha256:0'), /image id is sha256:0, declared sha256/],
  ['another command', ({ Config }) => (Config.Cmd = ['sh', '-c', 'id']), /command is sh -c id, declared node/],
  ['another entrypoint', ({ Config }) => (Config.Entrypoint = ['sh']), /entrypoint is sh, declared/],
  ['a setting', ({ Config }) => Config.Env.push('PASSWORD=hunter2'), /env differs in PASSWORD$/],
  ['a label', ({ Config }) => (Config.Labels['x'] = 'y'), /labels is .*x=y/],
  [
    'no health check',
    ({ Config }) => (Config.Healthcheck = { Test: ['NONE'] }),
    /healthcheck is NONE, declared CMD redis-node/,
  ],
  [
    'another time to stop in',
    ({ Config }) => ((Config as { StopTimeout?: number }).StopTimeout = 1),
    /stop_timeout is 1, declared 15/,
  ],
  [
    'another host name',
    ({ Config }) => (Config.Hostname = 'x'),
    /hostname is x, declared redis-0|is also called redis-0/,
  ],
  [
    'logs without end',
    ({ HostConfig }) => (HostConfig.LogConfig = { Type: 'json-file', Config: {} }),
    /log_opts is none/,
  ],
  [
    'a published port',
    ({ HostConfig }) => (HostConfig.PortBindings = { '6379/tcp': [{ HostIp: '', HostPort: '6379' }] }),
    /ports is 0.0.0.0:6379 to 6379\/tcp, declared none/,
  ],
  [
    'a folder of the host',
    ({ Mounts }) =>
      Mounts.push({ Type: 'bind', Source: '/', Destination: '/host', Mode: '', RW: true, Propagation: '' }),
    /mounts is .*folder \/ of the host at \/host/,
  ],
  [
    'another volume',
    ({ Mounts }) => {
      mountAt(Mounts, '/data', { Name: 'other' });
    },
    /mounts is .*volume other at \/data/,
  ],
  [
    'another configuration',
    ({ Mounts }) => {
      mountAt(Mounts, '/config', { Name: 'f'.repeat(64) });
    },
    /mounts is .*a volume without a name at \/config/,
  ],
  [
    'a configuration that may be written',
    ({ Mounts }) => {
      mountAt(Mounts, '/config', { RW: true });
    },
    /mounts is .*volume \w+ at \/config,/,
  ],
  [
    'another address',
    ({ NetworkSettings }) => {
      setAddress(NetworkSettings.Networks, '10.0.0.9');
    },
    /has the address 10.0.0.9 in network redis, declared 10\./,
  ],
  [
    'another network of the same name',
    ({ NetworkSettings }) => (first(NetworkSettings.Networks).NetworkID = 'other'),
    /is a member of another network that was called redis/,
  ],
  [
    'another name',
    ({ NetworkSettings }) => (first(NetworkSettings.Networks).Aliases = ['api-0']),
    /is also called api-0 in network redis/,
  ],
  ['that it is paused', ({ State }) => (State.Paused = true), /is paused/],
  ['that it does not run', ({ State }) => (State.Running = false), /does not run/],
];

function mountAt(mounts: Container['Mounts'], path: string, change: object): void {
  const found = mounts.find(({ Destination }) => Destination === path);
  if (!found) throw new Error(`nothing is mounted at ${path}`);
  Object.assign(found, change);
}

type Networks = Container['NetworkSettings']['Networks'];

function first(networks: Networks): Networks[string] {
  const found = Object.entries(networks).find(([name]) => name.endsWith('-redis'));
  if (!found) throw new Error('no member of the network redis');
  return found[1];
}

function setAddress(networks: Networks, address: string): void {
  const found = first(networks);
  found.IPAMConfig = { IPv4Address: address };
  found.IPAddress = address;
}

describe.each(['20', '28'])('with an engine %s', (version) => {
  const engine = () => new Engine(version).remember();

  it('a fresh deployment differs in nothing', () => {
    expect(engine().said()).toEqual([]);
  });

  it('what Terraform has yet to make is no difference', () => {
    const nothing = new Engine(version);
    nothing.recording.containers.length = 0;
    nothing.recording.networks.length = 0;
    expect(nothing.said()).toEqual([]);
  });

  it.each(CHANGES)('%s is a difference, and the only one', (_, change, said) => {
    const one = engine();
    change(one.container('redis-0'));
    expect(one.said().filter((line) => !said.test(line))).toEqual([]);
    expect(one.said().join('\n')).toMatch(said);
    expect(one.differences().every(({ address }) => address === 'docker_container.redis-node-0')).toBe(true);
  });

  it('who reads its files again keeps the volume of an earlier seeder; but it must be one, and read-only', () => {
    const one = engine();
    const text = JSON.stringify(one.recording.program).replace(
      'proxy-service-seeder.id}',
      'proxy-service-seeder.name}',
    );
    Object.assign(one.recording, { program: JSON.parse(text) as unknown });
    const { Mounts } = one.container('proxy-0');
    expect(one.said()).toEqual([]);
    mountAt(Mounts, '/config', { Name: 'f'.repeat(64) });
    expect(one.said()).toEqual([]);
    mountAt(Mounts, '/config', { Name: 'other' });
    expect(one.said()).toEqual([expect.stringMatching(/^container proxy-0: mounts is .*volume other at \/config/)]);
    mountAt(Mounts, '/config', { Name: 'f'.repeat(64), RW: true });
    expect(one.said()).toEqual([expect.stringMatching(/^container proxy-0: mounts is /)]);
  });

  it('a value that may be a password is not said', () => {
    const one = engine();
    one.container('redis-0').Config.Env.push('PASSWORD=hunter2');
    expect(one.said().join()).not.toContain('hunter2');
  });

  it('addresses that the engine chooses, and orders without meaning, are none', () => {
    const one = engine();
    for (const container of one.recording.containers) {
      (container.Config.Env as string[] | null)?.reverse();
      container.Mounts.reverse();
      for (const membership of Object.values(container.NetworkSettings.Networks)) {
        membership.EndpointID = 'another';
        if ((membership.IPAMConfig as { IPv4Address?: string } | null)?.IPv4Address === undefined)
          membership.IPAddress = '10.1.2.3';
      }
    }
    expect(one.said()).toEqual([]);
  });

  it('an engine that cannot limit swap is not asked for it', () => {
    const one = engine();
    one.container('redis-0').HostConfig.MemorySwap = -1;
    one.swapLimit = false;
    expect(one.said()).toEqual([]);
  });

  it('where an image is gone, only what the declaration says itself is compared', () => {
    const one = engine();
    for (const reference of Object.keys(one.recording.images)) Reflect.deleteProperty(one.recording.images, reference);
    expect(one.said()).toEqual([]);
    one.container('redis-0').Config.User = '0:0';
    expect(one.said()).toEqual(['container redis-0: user is 0:0, declared 10001:10001']);
  });

  it('a port that the engine no longer listens on is one', () => {
    const one = engine();
    const { Ports } = one.container('proxy-0').NetworkSettings;
    Reflect.deleteProperty(Ports, '18080/tcp');
    expect(one.said()).toEqual([expect.stringMatching(/^container proxy-0: ports that the engine listens on is /)]);
  });

  it('a network that was joined is left, without a replacement', () => {
    const one = engine();
    const { NetworkSettings, Id } = one.container('redis-0');
    NetworkSettings.Networks['bridge'] = { ...first(NetworkSettings.Networks), NetworkID: 'id of bridge' };
    expect(one.said()).toEqual(['container redis-0 is also a member of network bridge']);
    const [{ repair } = {}] = one.differences();
    expect(repair).toEqual({ by: 'disconnect', container: Id, network: 'id of bridge' });
  });

  it('a container that is gone is for Terraform, one in its place is removed, one by another name gets its own back', () => {
    const [gone, replaced, renamed] = [engine(), engine(), engine()];
    gone.recording.containers.splice(gone.recording.containers.indexOf(gone.container('redis-0')), 1);
    expect(gone.differences()).toMatchObject([{ what: expect.stringMatching(/is gone$/), repair: { by: 'refresh' } }]);
    replaced.container('redis-0').Id = 'made by hand';
    expect(replaced.differences()).toMatchObject([
      { what: expect.stringMatching(/not the one that was applied/), repair: { by: 'removal', id: 'made by hand' } },
    ]);
    const node = renamed.container('redis-0');
    const name = node.Name.slice(1);
    node.Name = '/other';
    expect(renamed.differences()).toMatchObject([
      { what: `container ${name} is called other`, repair: { by: 'rename', to: name } },
    ]);
  });

  it('a stranger loses the network; one that shares the networks of a container is left to people', () => {
    const one = engine();
    one.add('joined', { network: `rp-${one.recording.deployment}-redis` });
    one.add('beside', { mode: `container:${one.container('redis-0').Id}` });
    one.add('elsewhere', {});
    expect(one.differences()).toMatchObject([
      { repair: { by: 'disconnect', container: 'id of joined', network: one.network('redis').Id } },
      { repair: { by: 'user', fix: expect.stringContaining('docker rm -f beside') } },
    ]);
  });

  it.each<[string, (network: Docker.NetworkInspectInfo) => unknown, RegExp]>([
    ['a way out', (network) => (network.Internal = false), /internal is false, declared true/],
    ['that anybody may attach', (network) => (network.Attachable = true), /attachable is true/],
    ['IPv6', (network) => (network.EnableIPv6 = true), /ipv6 is true/],
    ['another option', (network) => (network.Options = { a: 'b' }), /options is a=b/],
    ['no label', (network) => (network.Labels = {}), /labels is none/],
    [
      'other addresses',
      (network) => (network.IPAM = { Driver: 'default', Config: [{ Subnet: '10.9.0.0/16' }] }),
      /addresses is 10.9.0.0/,
    ],
  ])('of a network: %s; its members are made anew with it', (_, change, said) => {
    const one = engine();
    change(one.network('redis'));
    expect(one.said()).toEqual([expect.stringMatching(said)]);
    expect(one.differences()).toMatchObject([
      {
        repair: {
          by: 'replace',
          addresses: [
            'docker_network.network-redis',
            'docker_container.redis-node-0',
            'docker_container.proxy-service-0',
          ],
        },
      },
    ]);
  });

  it('a network that is gone is for Terraform, together with its members; one in its place is removed', () => {
    const [gone, replaced] = [engine(), engine()];
    gone.recording.networks.splice(gone.recording.networks.indexOf(gone.network('redis')), 1);
    expect(gone.differences()).toMatchObject([{ repair: { by: 'refresh', addresses: expect.any(Array) } }]);
    replaced.network('redis').Id = 'made by hand';
    expect(replaced.differences()).toMatchObject([
      { repair: { by: 'removal', kind: 'network', id: 'made by hand' } },
      { what: expect.stringMatching(/is gone$/) },
    ]);
  });

  it('a container with the label of the deployment that nobody declared is removed', () => {
    const one = engine();
    const copy = structuredClone(one.container('redis-0'));
    one.recording.containers.push({ ...copy, Id: 'copy', Name: '/copy' });
    expect(one.differences().map(({ what, repair }) => [what, repair.by])).toContainEqual([
      "container copy carries the deployment's label, and is not declared",
      'removal',
    ]);
  });
});
