import { describe, expect } from '@jest/globals';
import type { TopologyService } from '../../constructs/core/topology.js';
import { Size } from '../../constructs/core/units.js';
import { runHelper } from '../support/helper-container.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();

interface Running {
  readonly name: string;
  readonly service: TopologyService;
  readonly container: string;
}

const running = (): Running[] =>
  platform().topology.services.flatMap((service) =>
    service.instances.map(({ name, container }) => ({ service, name, container })),
  );

/** A file of /proc for each process of each container, read from outside: no image needs a tool for it. */
async function procFiles(file: 'status' | 'mounts'): Promise<(Running & { readonly texts: readonly string[] })[]> {
  const all = await Promise.all(
    running().map(async (one) => ({ ...one, pids: (await platform().processes(one.name)).map(({ pid }) => pid) })),
  );
  const pids = all.flatMap((one) => one.pids);
  // Health checks come and go meanwhile.
  const script = `for pid in ${pids.join(' ')}; do echo "=== $pid"; cat /proc/$pid/${file} 2>/dev/null || true; done`;
  const printed = await runHelper(platform(), script, { user: '0:0', PidMode: 'host', CapAdd: ['SYS_PTRACE'] });
  const byPid = new Map(
    printed
      .split(/^=== /m)
      .slice(1)
      .map((part) => [parseInt(part), part.slice(part.indexOf('\n') + 1)]),
  );
  return all.map((one) => ({
    ...one,
    texts: one.pids.map((pid) => byPid.get(pid) ?? '').filter((text) => text !== ''),
  }));
}

/** File systems without a disk behind them, whose writability the kernel itself restricts. */
const VIRTUAL = new Set(['proc', 'tmpfs', 'devpts', 'sysfs', 'mqueue', 'cgroup', 'cgroup2', 'devtmpfs']);
/** What the engine itself mounts for every container; only root may write to it. */
const FROM_ENGINE = ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts'];

describe('every container', () => {
  it('runs all its processes without root, capabilities or a way to gain them', async () => {
    const none = '0'.repeat(16);
    for (const { name, service, texts } of await procFiles('status')) {
      expect([name, texts.length > 0]).toEqual([name, true]);
      for (const text of texts) {
        const value = (field: string) => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(text)?.[1];
        const fields = ['Uid', 'Gid', 'CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp'];
        const ids = Array(4).fill(service.user).join('\t');
        expect([name, value('Name'), ...fields.map(value)]).toEqual([
          ...[name, value('Name')],
          ...[ids, ids, none, none, none, none, '1', '2'],
        ]);
      }
    }
  });

  it('can write to its data and to its scratch folders only', async () => {
    for (const { name, service, texts } of await procFiles('mounts')) {
      const mounts = (texts[0] ?? '').split('\n').map((line) => line.split(' '));
      const options = (path: string) => mounts.findLast(([, at]) => at === path)?.[3]?.split(',') ?? [];
      for (const path of ['/', '/config'])
        expect([name, path, options(path)]).toContainEqual(expect.arrayContaining(['ro']));
      for (const path of ['/tmp', '/run']) {
        expect([name, path, options(path)]).toContainEqual(expect.arrayContaining(['rw', 'noexec', 'nosuid', 'nodev']));
      }
      const writable = mounts
        .filter(([, , type = '', flags = '']) => flags.split(',').includes('rw') && !VIRTUAL.has(type))
        .map(([, path = '']) => path)
        .filter((path) => !FROM_ENGINE.includes(path));
      const volumes = service.instances[0]?.volumes ?? [];
      const data = volumes.filter(({ readOnly }) => !readOnly).map(({ path }) => path);
      expect([name, writable.sort()]).toEqual([name, data]);
    }
  });

  it('is held to its memory, its processors and its processes', async () => {
    for (const { name, service, container } of running()) {
      const { HostConfig } = await platform().docker.getContainer(container).inspect();
      const { memory, cpus, processes } = service.limits;
      const bytes = Size.parse(memory)?.toBytes();
      const { Memory, MemorySwap, NanoCpus = 0, Ulimits } = HostConfig;
      expect({ name, Memory, MemorySwap, cpus: NanoCpus / 1e9 }).toEqual({
        name,
        Memory: bytes,
        MemorySwap: bytes,
        cpus,
      });
      expect(Ulimits).toContainEqual({ Name: 'nproc', Soft: processes, Hard: processes });
    }
  });

  it('publishes nothing but what is declared, and that on 127.0.0.1 only', async () => {
    const found: string[] = [];
    for (const { service, container } of running()) {
      const { NetworkSettings } = await platform().docker.getContainer(container).inspect();
      // Ports that an image exposes and nobody publishes have no bindings.
      const ports = NetworkSettings.Ports as Record<string, { readonly HostIp: string }[] | null>;
      for (const [port, bindings] of Object.entries(ports)) {
        found.push(...(bindings ?? []).map(({ HostIp }) => `${service.name} ${HostIp} ${port}`));
      }
    }
    const declared = platform().topology.published.map(
      ({ service, address, containerPort }) => `${service} ${address} ${containerPort}/tcp`,
    );
    expect(found.sort()).toEqual(declared.sort());
  });
});
