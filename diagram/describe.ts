import type { Graph } from './graph.js';

/** The graph in sentences, for those who cannot see the picture. */
export function describeGraph({ address, entries, services, links, shared }: Graph): string {
  return [
    ...entries.map(
      ({ service, ports }) =>
        `Clients on ${address} reach ${service}: ${ports.map(({ name, first, last }) => `${name} on ${first === last ? first : `${first} to ${last}`}`).join(', ')}.`,
    ),
    ...services.map(({ name, instances, endpoints, volumes, mark }) => {
      const parts = [
        `containers ${instances.join(', ')}`,
        ...endpoints.map((endpoint) => `endpoint ${endpoint.name} on port ${endpoint.port} (${endpoint.subnet})`),
        ...volumes.map(({ path, count }) => `${count} volumes at ${path}`),
      ];
      return `${name}${mark === undefined ? '' : ` (${mark})`}: ${parts.join('; ')}.`;
    }),
    ...links.map(
      ({ from, to, ports, because, access }) =>
        `${from} may connect to ${to} on ${ports.join(', ')}${access === null ? '' : ` and ${access}`}${because === 'declared' ? '' : ', as it listens on all addresses'}.`,
    ),
    ...shared.map(
      ({ writers, readers, paths }) =>
        `${writers.join(', ')} write to volumes at ${paths.join(', ')}${readers.length > 0 ? `, which ${readers.join(', ')} read` : ''}.`,
    ),
    'Nothing else can connect.',
  ].join(' ');
}
