import type { Topology } from '../constructs/core/topology.js';
import type { Engine } from './machine/engine.js';

/** What a user should know of this machine before relying on the platform's promises there. */
export function warnings(
  engine: Pick<Engine, 'version' | 'isolatedGateways'>,
  project: string,
  { services }: Pick<Topology, 'services'>,
): string[] {
  const found: string[] = [];
  if (!engine.isolatedGateways) {
    found.push(
      `Docker engine ${engine.version} is older than 28: containers can reach services that listen on this host's own ` +
        'addresses, and machines in the same network segment may reach the ports published on 127.0.0.1.',
    );
  }
  if (project.startsWith('\\\\')) {
    found.push(
      `${project} is on a shared drive, and so are the passwords under .platform: move the checkout into your profile.`,
    );
  }
  if (services.some(({ name }) => name === 'rsyslog')) {
    found.push(
      'the log stack is `debian`, for networks without an image registry: rsyslog and Elasticsearch, without Logstash and ' +
        'Kibana. Search with `npm run logs`; there are no dashboards.',
    );
  }
  return found;
}
