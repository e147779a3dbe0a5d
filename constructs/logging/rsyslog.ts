import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import { passwordFile } from './render-elasticsearch.js';
import { renderRsyslogConfig } from './render-rsyslog.js';
import type { LogParts } from './log-parts.js';

/** The shipper of the flavour `debian`. */
export function addRsyslog(scope: Construct, { store, index, users, maxAge }: LogParts): Service {
  const address = () => ({ address: store.address(0), port: store.port });
  const rsyslog = new Service(scope, 'rsyslog', {
    name: 'rsyslog',
    image: ContainerImage.fromCatalog('rsyslog'),
    environment: () => ({ STORE: `${store.address(0)}:${store.port}` }),
    healthCheck: HealthCheck.command(['rsyslog-live'], { startPeriod: Duration.seconds(180) }),
    limits: { memory: Size.mebibytes(128) },
    // What could not be sent yet.
    volumes: [{ name: 'spool', path: '/spool' }],
    supporting: true,
  });
  rsyslog.connections.allowTo(store);
  const { name, secret } = users.shipper;
  rsyslog.addFile('/config/rsyslog.conf', () => renderRsyslogConfig({ index, store: address(), user: name, maxAge }));
  rsyslog.addFile(passwordFile(name), () => secret.plain);
  return rsyslog;
}
