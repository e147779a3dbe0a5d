import { eachRunningContainer, type Policy } from './judge/policy.js';
import type { ContainerFacts, Subject } from './judge/subject.js';

export default {
  why: 'Nobody notices that a container hangs while its process is still there.',
  fix: 'Give it a HealthCheck.command(), or have the proxy ask it over HTTP: proxy.routeHttp().',
  judge: eachRunningContainer((container, subject) =>
    container.healthCheck.length > 0 || isAskedByProxy(container, subject) ? [] : ['it has no health check'],
  ),
} satisfies Policy;

/** HealthCheck.none() gives a reason; what counts is that HAProxy really asks: a section with httpchk and the container's address. */
function isAskedByProxy({ networks }: ContainerFacts, { containers }: Subject): boolean {
  const sections = containers.flatMap(({ files }) => (files['/config/haproxy.cfg'] ?? '').split(/^(?=\S)/m));
  const addresses = [...networks.values()].filter((address) => address !== undefined);
  return sections
    .filter((section) => /^\s+option httpchk\b/m.test(section) && /^\s+default-server check\b/m.test(section))
    .some((section) => addresses.some((address) => section.includes(` ${address}:`)));
}
