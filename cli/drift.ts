import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { providerVersion } from '../constructs/core/provider-version.mjs';
import type { Topology } from '../constructs/core/topology.js';
import type { Context } from './context.js';

/**
 * What was applied: by comparing the engine with it, "nothing to do" is known in a fifth of a second, where Terraform's
 * own refresh takes seconds. Each container, network and volume is compared in everything that Terraform set.
 */
interface Applied {
  /** Of all that Terraform was given. */
  readonly inputs: string;
  /** By kind and name. */
  readonly fingerprints: Readonly<Record<string, string>>;
}

export interface Drift {
  /** The declaration changed since the last apply (or there was none). */
  readonly inputsChanged: boolean;
  /** What is on the engine differs from what was applied, e.g. `container rp-dev-redis-1 is gone`. */
  readonly differences: readonly string[];
}

/** Compares declaration and engine with the last apply. */
export async function findDrift(context: Context, docker: Docker, topology: Topology): Promise<Drift> {
  const applied = readApplied(context);
  const inputsChanged = applied?.inputs !== hashInputs(context, topology);
  if (!applied) return { inputsChanged, differences: [] };
  const actual = await takeFingerprints(context, docker);
  const names = new Set([...Object.keys(applied.fingerprints), ...Object.keys(actual)]);
  const differences = [...names].sort().flatMap((name) => {
    const [before, now] = [applied.fingerprints[name], actual[name]];
    if (before === now) return [];
    return before === undefined ? `${name} was added` : now === undefined ? `${name} is gone` : `${name} was changed`;
  });
  return { inputsChanged, differences };
}

/** Remembers what is on the engine now, right after an apply. */
export async function recordApplied(context: Context, docker: Docker, topology: Topology): Promise<void> {
  const applied: Applied = {
    inputs: hashInputs(context, topology),
    fingerprints: await takeFingerprints(context, docker),
  };
  const file = context.paths.applied;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(applied, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export function forgetApplied(context: Context): void {
  rmSync(context.paths.applied, { force: true });
}

function readApplied(context: Context): Applied | undefined {
  const file = context.paths.applied;
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Applied;
  } catch {
    // Half-written by an older version or by hand: as good as none, a full apply follows.
    return undefined;
  }
}

/** Everything that decides what Terraform would do. */
function hashInputs({ paths }: Context, topology: Topology): string {
  const hash = createHash('sha256').update(providerVersion);
  hash.update(readFileSync(join(paths.stack, 'cdk.tf.json')));
  for (const service of topology.services) {
    for (const file of service.files.filter(({ secret }) => secret)) {
      hash.update(readFileSync(join(paths.files, service.name, ...file.path.split('/'))));
    }
  }
  return hash.digest('hex');
}

async function takeFingerprints({ name }: Context, docker: Docker): Promise<Record<string, string>> {
  const filters = { label: [`redis-platform.deployment=${name}`] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  const [inspectedContainers, inspectedNetworks] = await Promise.all([
    Promise.all(containers.map(({ Id }) => docker.getContainer(Id).inspect())),
    Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).inspect())),
  ]);
  const fingerprints: Record<string, string> = {};
  for (const container of inspectedContainers) {
    fingerprints[`container ${container.Name.slice(1)}`] = fingerprint(containerFacts(container));
  }
  for (const network of inspectedNetworks) fingerprints[`network ${network.Name}`] = fingerprint(networkFacts(network));
  return fingerprints;
}

function fingerprint(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

function containerFacts({
  Id,
  Image,
  Config,
  HostConfig,
  State,
  Mounts,
  NetworkSettings,
}: Docker.ContainerInspectInfo): unknown {
  const networks = Object.entries(NetworkSettings.Networks).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    Id,
    Image,
    Config,
    HostConfig,
    running: State.Running && !State.Paused,
    mounts: Mounts.map(({ Name, Destination, RW }) => [Name, Destination, RW]).sort(),
    // Addresses that the engine chose change with every restart; those that were asked for stand in IPAMConfig.
    networks: networks.map(([network, { NetworkID, IPAMConfig }]) => [network, NetworkID, IPAMConfig as unknown]),
  };
}

function networkFacts({ Id, Driver, Internal, IPAM, Options, Labels }: Docker.NetworkInspectInfo): unknown {
  return { Id, Driver, Internal, IPAM, Options, Labels };
}
