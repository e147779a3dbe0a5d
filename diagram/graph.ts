import { inWords } from '../constructs/core/grant.js';
import { type AnyModel, servicesOf } from '../constructs/models.js';
import type { AllowedEdge, Topology, TopologyService } from '../constructs/core/topology.js';

/** How a service differs from what it is compared with. */
export type Mark = 'added' | 'removed' | 'changed';

export interface DiagramOptions {
  /** By service name. @default none */
  readonly marks?: ReadonlyMap<string, Mark>;
}

/** What a picture of a topology shows, before anybody decides where and in which notation. */
export interface Graph {
  readonly title: string;
  readonly address: string;
  readonly services: readonly ServiceNode[];
  /** Volumes that several services mount; what only one mounts is with the service. */
  readonly shared: readonly SharedVolumes[];
  readonly entries: readonly Entry[];
  readonly links: readonly Link[];
}

export interface ServiceNode {
  readonly name: string;
  readonly mark: Mark | undefined;
  readonly instances: readonly string[];
  /** Each has a network of its own. */
  readonly endpoints: readonly { readonly name: string; readonly port: number; readonly subnet: string }[];
  /** One line for each mount path. */
  readonly volumes: readonly { readonly path: string; readonly count: number }[];
}

export interface SharedVolumes {
  readonly paths: readonly string[];
  readonly count: number;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
}

/** The ports of the host that lead to a service. */
export interface Entry {
  readonly service: string;
  readonly ports: readonly PortRange[];
}

/** Ports whose names and numbers follow on each other, such as those of the Sentinels. */
export interface PortRange {
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** All that one service may reach of another one. What a service's own containers reach is left out: it is always all. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly ports: readonly number[];
  readonly because: Exclude<AllowedEdge['because'], 'same service'>;
  /** What it may do there, e.g. `read and write`; null where the rule says nothing of it. */
  readonly access: string | null;
}

/** The same topology always gives the same graph, in the same order. */
export function graphOf(topology: Topology, { marks }: DiagramOptions = {}): Graph {
  const services = [...topology.services].sort(by(({ name }) => name));
  const mounts = mountsOf(services);
  const subnets = new Map(topology.networks.map(({ name, subnet }) => [name, subnet]));
  const published = [...topology.published].sort(by(({ name }) => name));
  return {
    title: topology.deployment,
    address: topology.published[0]?.address ?? '127.0.0.1',
    services: services.map((service) => ({
      name: service.name,
      mark: marks?.get(service.name),
      instances: service.instances.map(({ name }) => name),
      endpoints: service.endpoints.map(({ name, port }) => ({ name, port, subnet: subnets.get(name) ?? '' })),
      volumes: groupsOf(ownVolumes(service, mounts), ({ path }) => path).map(([path, volumes]) => ({
        path,
        count: volumes.length,
      })),
    })),
    shared: sharedVolumes(mounts),
    entries: groupsOf(published, ({ service }) => service).map(([service, ports]) => ({
      service,
      ports: portRanges(ports.map(({ name, hostPort }) => ({ name, port: hostPort }))),
    })),
    links: linksOf(topology, services),
  };
}

interface Mount {
  readonly service: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Every mount, by the volume's name. */
function mountsOf(services: readonly TopologyService[]): Map<string, Mount[]> {
  const mounts = new Map<string, Mount[]>();
  for (const { name: service, instances } of services) {
    for (const volume of instances.flatMap(({ volumes }) => volumes)) {
      const { name: of, path, readOnly } = volume;
      mounts.set(of, [...(mounts.get(of) ?? []), { service, path, readOnly }]);
    }
  }
  return mounts;
}

/** Also where a shipper reads its own logs like all others. */
function isShared(mounts: readonly Mount[] = []): boolean {
  return mounts.length > 1;
}

function ownVolumes(service: TopologyService, mounts: ReadonlyMap<string, readonly Mount[]>) {
  return service.instances.flatMap(({ volumes }) => volumes).filter(({ name }) => !isShared(mounts.get(name)));
}

/** Volumes with the same readers are one thing in a picture: the logs that a shipper reads are one heap of logs. */
function sharedVolumes(mounts: ReadonlyMap<string, readonly Mount[]>): SharedVolumes[] {
  const shared = [...mounts.values()].filter(isShared);
  const readersOf = (one: readonly Mount[]) =>
    unique(one.filter(({ readOnly }) => readOnly).map(({ service }) => service));
  return groupsOf(shared, (one) => readersOf(one).join(' ')).map(([, volumes]) => {
    const readers = unique(volumes.flatMap(readersOf));
    const writers = volumes.flat().filter(({ readOnly }) => !readOnly);
    return {
      paths: unique(writers.map(({ path }) => path)),
      count: volumes.length,
      writers: unique(writers.map(({ service }) => service)).filter((service) => !readers.includes(service)),
      readers,
    };
  });
}

/** Names that end in following numbers with following ports become one: `sentinel 26379-26381`. */
function portRanges(ports: readonly { readonly name: string; readonly port: number }[]): PortRange[] {
  const ranges: PortRange[] = [];
  for (const { name, port } of [...ports].sort((a, b) => a.port - b.port)) {
    const stem = name.replace(/-\d+$/, '');
    const last = ranges.at(-1);
    if (stem !== name && last?.name === stem && last.last === port - 1) ranges.splice(-1, 1, { ...last, last: port });
    else ranges.push({ name: stem, first: port, last: port });
  }
  // One port alone keeps its own name.
  return ranges.map((range) =>
    range.first === range.last
      ? { ...range, name: ports.find(({ port }) => port === range.first)?.name ?? range.name }
      : range,
  );
}

function linksOf({ allowed, grants, models }: Topology, services: readonly TopologyService[]): Link[] {
  const ownerOf = new Map(services.flatMap(({ name, endpoints }) => endpoints.map((one) => [one.name, name] as const)));
  const links = new Map<string, Link>();
  const accessOf = (from: string, to: string) => {
    const described = (models as readonly AnyModel[]).filter((model) => servicesOf(model)[0] === to);
    const grant = grants.find(
      ({ client, kind, target }) =>
        client === from && described.some((model) => model.kind === kind && model.name === target),
    );
    return grant ? inWords(grant) : null;
  };
  for (const { from, to: endpoint, port, because } of allowed) {
    const to = ownerOf.get(endpoint);
    if (because === 'same service' || to === undefined) continue;
    const key = [from, to, because].join(' ');
    const ports = [...(links.get(key)?.ports ?? []), port];
    links.set(key, { from, to, because, access: accessOf(from, to), ports: [...new Set(ports)].sort((a, b) => a - b) });
  }
  return [...links].sort(by(([key]) => key)).map(([, link]) => link);
}

/** In order of the keys. */
function groupsOf<T>(all: readonly T[], keyOf: (one: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups].sort(by(([key]) => key));
}

/** `redis-0 to redis-59`: a picture of a service with 60 instances has to stay a picture. */
export function rangeOf(instances: readonly string[]): string {
  return `${instances[0] ?? ''} to ${instances.at(-1) ?? ''}`;
}

/** `3 volumes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(by((text) => text));
}

/** By code unit: a locale's order is not the same everywhere. */
function by<T>(textOf: (one: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [textOf(a), textOf(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}
