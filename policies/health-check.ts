import { modelsOf } from '../constructs/models.js';
import { eachRunningContainer, type Policy } from './judge/policy.js';
import type { ContainerFacts, Subject } from './judge/subject.js';

export default {
  why: 'Nobody notices that a container hangs while its process is still there.',
  fix: 'Give it a HealthCheck.command(), or have the proxy ask it over HTTP: listener.route().',
  judge: eachRunningContainer((container, subject) =>
    container.healthCheck.length > 0 || isAskedByProxy(container, subject) ? [] : ['it has no health check'],
  ),
} satisfies Policy;

/** HealthCheck.none() gives a reason; what counts is that the proxy really asks, and has an address to ask at. */
function isAskedByProxy({ name, networks }: ContainerFacts, { topology }: Subject): boolean {
  const instance = topology.services.flatMap(({ instances }) => instances).find(({ container }) => container === name);
  const routes = modelsOf(topology, 'proxy').flatMap(({ http }) =>
    http.flatMap(({ routes }) => routes).filter(({ check }) => check !== null),
  );
  return routes.some(({ to: { endpoint, servers } }) => {
    const network = topology.networks.find((one) => one.name === endpoint)?.resource ?? '';
    return instance !== undefined && servers.includes(instance.name) && networks.get(network) !== undefined;
  });
}
