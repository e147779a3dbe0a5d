import { MAX_JOINERS } from './address-plan.js';
import type { Segment } from './endpoint.js';
import { ownSegments } from './memberships.js';
import type { Service } from './service.js';

/** What only the whole graph can tell. */
export function graphProblems(services: readonly Service[]): string[] {
  const problems: string[] = [];
  const unique = (what: string, fix: string) => {
    const owners = new Map<string | number, string>();
    return (key: string | number, owner: string) => {
      const other = owners.get(key);
      if (other !== undefined) problems.push(`${what} ${key} is used by ${other} and by ${owner}: ${fix}`);
      owners.set(key, owner);
    };
  };
  const checkName = unique('service name', 'give one of them another name.');
  const checkNetwork = unique('network name', 'call one of the endpoints differently.');
  const checkSlot = unique('network slot', 'name another slot (0-31) for one of them: addEndpoint(id, { slot }).');
  const checkPort = unique('host port', 'publish one of them elsewhere.');
  const checkPublished = unique('published name', 'call one of them differently.');
  const publishers = services.filter(({ published }) => published.length > 0).map(({ name }) => name);
  if (publishers.length > 1) {
    problems.push(`${publishers.join(' and ')} both publish ports: let one of them, the proxy, do it for all.`);
  }
  for (const service of services) {
    checkName(service.name, service.node.path);
    for (const { name } of ownSegments(service)) checkNetwork(name, service.node.path);
    for (const { name, hostPort } of service.published) {
      checkPort(hostPort, `${service.name}/${name}`);
      checkPublished(name, service.name);
    }
    if (service.published.length > 0 && service.instances.length > 1) {
      problems.push(`${service.name} publishes ports from ${service.instances.length} containers: use one.`);
    }
  }
  for (const { slot, name } of distinctSegments(services)) checkSlot(slot, name);
  return [...problems, ...crowdedNetworks(services)];
}

/** One of each name: that a name is used twice is another problem. */
function distinctSegments(services: readonly Service[]): Iterable<Segment> {
  return new Map(services.flatMap(ownSegments).map((segment) => [segment.name, segment])).values();
}

function crowdedNetworks(services: readonly Service[]): string[] {
  return services.flatMap(({ endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const clients = services.filter(
        (service) => service !== endpoint.service && service.connections.allowed.includes(endpoint),
      );
      const count = clients.reduce((sum, { instances }) => sum + instances.length, 0);
      if (count <= MAX_JOINERS) return [];
      const names = clients.map(({ name, instances }) => `${name} (${instances.length})`).join(', ');
      return [
        `network ${endpoint.segment.name} has ${count} clients and addresses for ${MAX_JOINERS}: lower the replicas of ${names}.`,
      ];
    }),
  );
}
