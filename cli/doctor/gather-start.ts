import { existsSync, readFileSync, realpathSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import type { Topology } from '../../constructs/core/topology.js';
import { modelsOf } from '../../constructs/models.js';
import { processEnv } from '../../environments/process-env.js';
import type { Engine } from '../engine/engine.js';
import { sumOfLimits } from '../preflight/memory.js';
import type { Attempt, DeclaredFacts, EngineFacts, StartFacts } from './facts.js';
import { parseOpenFiles } from './readings/process-limits.js';

/**
 * What the cheap checks need: no program is started, and the engine is asked once.
 * @param engine or why there is none
 */
export async function gatherStartFacts(
  project: string,
  engine: Attempt<Engine>,
  topology: Topology,
): Promise<StartFacts> {
  const known: Attempt<EngineFacts> = 'value' in engine ? { value: await engineFacts(engine.value) } : engine;
  const kernelIsHere = 'value' in known && isOurKernel(known.value);
  return {
    os: process.platform,
    // A drive letter may stand for a folder of another machine.
    project: realpathSync.native(project),
    freeDiskBytes: freeBytes(project),
    engine: known,
    kernel: kernelIsHere ? kernelSettings() : undefined,
    openFiles: kernelIsHere ? openFilesOfDaemon() : undefined,
    declared: declaredFacts(topology),
  };
}

/** What we read of `docker info`; dockerode has no type for it. */
interface EngineInfo {
  readonly SystemTime: string;
  readonly OperatingSystem: string;
  readonly KernelVersion: string;
  readonly Driver: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly CgroupVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly DockerRootDir: string;
}

export async function engineFacts(engine: Engine): Promise<EngineFacts> {
  const asked = Date.now();
  const info = (await engine.docker.info()) as EngineInfo;
  // It was read somewhere between question and answer.
  const middle = (asked + Date.now()) / 2;
  const { version, host, cpus, memoryBytes, isolatedGateways, architecture } = engine;
  const containerd = info.DriverStatus?.some(([, value]) => value.startsWith('io.containerd.snapshotter'));
  const limits = { memory: info.MemoryLimit, swap: info.SwapLimit, processors: info.CpuCfsQuota };
  const facts = {
    version,
    host,
    cpus,
    memoryBytes,
    isolatedGateways,
    architecture,
    clockAheadMs: Math.round(Date.parse(info.SystemTime) - middle),
    operatingSystem: info.OperatingSystem,
    kernelVersion: info.KernelVersion,
    storage: containerd ? `containerd image store (${info.Driver})` : info.Driver,
    cgroupVersion: info.CgroupVersion ?? '1',
    rootless: info.SecurityOptions?.some((option) => option.startsWith('name=rootless')) ?? false,
    missingLimits: Object.entries(limits).flatMap(([name, can]) => (can === false ? [name] : [])),
  };
  return { ...facts, freeDiskBytes: freeBytes(diskOf(facts, info.DockerRootDir)) };
}

/** Docker Desktop keeps its disk in one file, which grows; there unless it was moved. */
function diskOf(engine: Omit<EngineFacts, 'freeDiskBytes'>, rootFolder: string): string | undefined {
  if (!/^(unix|npipe):/.test(engine.host)) return undefined;
  if (process.platform === 'linux') return isOurKernel(engine) ? rootFolder : undefined;
  return process.platform === 'win32' ? processEnv['LOCALAPPDATA'] : processEnv['HOME'];
}

function freeBytes(folder: string | undefined): number | undefined {
  try {
    if (folder === undefined) return undefined;
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Not there, or not ours to look at: in a container, or in a Linux of WSL beside the engine's.
    return undefined;
  }
}

/** Only there the engine's kernel is the one whose /proc this is. */
function isOurKernel({ host, kernelVersion }: Pick<EngineFacts, 'host' | 'kernelVersion'>): boolean {
  return process.platform === 'linux' && host.startsWith('unix://') && kernelVersion === release();
}

export const KERNEL_SETTINGS = ['vm.overcommit_memory', 'vm.max_map_count'] as const;

export function kernelFile(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}

function kernelSettings(): Readonly<Record<string, number>> {
  return Object.fromEntries(
    KERNEL_SETTINGS.flatMap((name) =>
      existsSync(kernelFile(name)) ? [[name, Number(readFileSync(kernelFile(name), 'utf8'))] as const] : [],
    ),
  );
}

/** Containers inherit them, unless the engine is told otherwise. */
function openFilesOfDaemon(pidFile = '/var/run/docker.pid'): number | undefined {
  try {
    const pid = readFileSync(pidFile, 'utf8').trim();
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'dockerd') return undefined;
    return parseOpenFiles(readFileSync(`/proc/${pid}/limits`, 'utf8'));
  } catch {
    // Somewhere else, or in a container.
    return undefined;
  }
}

/** An append-only file, what has been added since, the new one while it is made, and a snapshot for a replica. */
const FILES_PER_NODE = 4;

export function declaredFacts(topology: Topology): DeclaredFacts {
  const { services } = topology;
  const wants = services.map(({ name, limits, instances }) => ({ name, cpus: limits.cpus, count: instances.length }));
  const [first] = wants.toSorted((a, b) => b.cpus - a.cpus);
  const disk = [
    ...modelsOf(topology, 'redis').map(({ nodes }) => nodes.maxMemoryBytes * FILES_PER_NODE * nodes.count),
    ...modelsOf(topology, 'logs').map(({ retention }) => retention.maxSizeBytes),
  ];
  return {
    memoryBytes: sumOfLimits(services),
    cpus: wants.reduce((sum, { cpus, count }) => sum + cpus * count, 0),
    largest: { service: first?.name ?? '', cpus: first?.cpus ?? 0 },
    diskBytes: disk.reduce((sum, bytes) => sum + bytes, 0),
    logs: modelsOf(topology, 'logs')[0]?.flavour ?? 'off',
  };
}
