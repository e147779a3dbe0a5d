import type { Topology, TopologyService } from '../../constructs/core/topology.js';

/** The same service before and after, under whatever name. */
export interface ServicePair {
  readonly before: TopologyService;
  readonly after: TopologyService;
}

export interface Matched {
  readonly pairs: readonly ServicePair[];
  readonly added: readonly TopologyService[];
  readonly removed: readonly TopologyService[];
  /** Names of before by names of after: services, containers (`api-0`) and endpoints, where they differ. */
  readonly renamed: ReadonlyMap<string, string>;
}

/** From here on, two services with different names are held to be one. Out of 8. */
const ALIKE = 5;

/** Finds out which services are the same ones, renamed or not. */
export function matchServices(before: Topology, after: Topology): Matched {
  const pairs: ServicePair[] = [];
  const find = (topology: Topology, name: string) => topology.services.find((service) => service.name === name);
  for (const service of after.services) {
    const same = find(before, service.name);
    if (same) pairs.push({ before: same, after: service });
  }
  const lost = before.services.filter(({ name }) => !find(after, name));
  const found = after.services.filter(({ name }) => !find(before, name));
  const candidates = lost
    .flatMap((one) => found.map((other) => ({ before: one, after: other, score: likeness(one, other) })))
    .filter(({ score }) => score >= ALIKE)
    .sort((a, b) => b.score - a.score);
  const renamed = new Map<string, string>();
  const taken = new Set<TopologyService>();
  for (const { before: one, after: other } of candidates) {
    if (taken.has(one) || taken.has(other)) continue;
    taken.add(one).add(other);
    pairs.push({ before: one, after: other });
    renamed.set(one.name, other.name);
    for (const [index, { name }] of one.instances.entries()) {
      renamed.set(name, other.instances[index]?.name ?? `${other.name}-${index}`);
    }
    for (const endpoint of one.endpoints) {
      const moved = other.endpoints.find(({ name }) => suffix(name, other.name) === suffix(endpoint.name, one.name));
      if (moved) renamed.set(endpoint.name, moved.name);
    }
  }
  return {
    pairs: pairs.sort((a, b) => (a.after.name < b.after.name ? -1 : 1)),
    added: found.filter((service) => !taken.has(service)),
    removed: lost.filter((service) => !taken.has(service)),
    renamed,
  };
}

/** The construct's path below its stack. */
export function constructOf({ path }: Pick<TopologyService, 'path'>): string {
  return path.split('/').slice(1).join('/');
}

function likeness(one: TopologyService, other: TopologyService): number {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const ports = ({ endpoints }: TopologyService) => endpoints.map(({ port }) => port);
  const mounts = ({ instances }: TopologyService) => instances[0]?.volumes.map(({ path }) => path) ?? [];
  return (
    (one.image.from === other.image.from ? 3 : 0) +
    (one.endpoints.length > 0 && same(ports(one), ports(other)) ? 2 : 0) +
    (same(one.command, other.command) && same(one.healthCheck, other.healthCheck) ? 1 : 0) +
    (same(mounts(one), mounts(other)) ? 1 : 0) +
    (same(
      one.files.map(({ path }) => path),
      other.files.map(({ path }) => path),
    )
      ? 1
      : 0)
  );
}

function suffix(name: string, service: string): string {
  return name === service ? '' : name.startsWith(`${service}-`) ? name.slice(service.length + 1) : name;
}
