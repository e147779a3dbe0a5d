import type { Segment } from './endpoint.js';
import type { Instance } from './instance.js';
import type { Service } from './service.js';

/** The networks on which a service has static addresses of its own. */
export function ownSegments(service: Service): Segment[] {
  return [...service.endpoints.map((endpoint) => endpoint.segment), ...(service.edge ? [service.edge] : [])];
}

/** The networks that a container is a member of: its own with static addresses, those it may connect to without. */
export function memberships(service: Service, instance: Instance): { segment: Segment; address?: string }[] {
  const own = service.endpoints.map((endpoint) => ({
    segment: endpoint.segment,
    address: endpoint.address(instance.index),
  }));
  const edge = service.edge ? [{ segment: service.edge, address: service.edgeAddress(instance.index) }] : [];
  const joined = service.connections.allowed
    .filter((endpoint) => endpoint.service !== service)
    .map((endpoint) => ({ segment: endpoint.segment }));
  return [...own, ...edge, ...joined];
}
