import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { Secret } from '../core/secret.js';
import { Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Endpoint } from '../core/endpoint.js';
import { renderSavedObjects } from './dashboards.js';
import { passwordFile } from './render-elasticsearch.js';
import { renderFilebeatConfig } from './render-filebeat.js';
import { KIBANA_PORT, renderKibanaConfig, renderKibanaSecrets } from './render-kibana.js';
import {
  BEATS_PORT,
  LOGSTASH_JAVA_OPTIONS,
  renderLogstashLog4j,
  renderLogstashSettings,
  renderPipeline,
} from './render-logstash.js';
import type { LogParts } from './log-parts.js';
import type { LogUsers } from './users.js';

/** A JVM, and a server in Node that loads a few hundred plugins. */
const SLOW_START = Duration.seconds(180);

/** Filebeat, Logstash and Kibana, as the flavour `elastic` has them. */
export function addElasticServices(scope: Construct, parts: LogParts): { filebeat: Service; kibana: Endpoint } {
  const beats = addLogstash(scope, parts);
  return { filebeat: addFilebeat(scope, beats), kibana: addKibana(scope, parts) };
}

/** Reads the services' files and sends their lines, as Logstash takes them. */
function addFilebeat(scope: Construct, beats: Endpoint): Service {
  const filebeat = new Service(scope, 'filebeat', {
    name: 'filebeat',
    image: ContainerImage.fromCatalog('filebeat'),
    environment: () => ({ LOGSTASH: addressOf(beats) }),
    healthCheck: HealthCheck.command(['filebeat-live'], { startPeriod: SLOW_START }),
    limits: { memory: Size.mebibytes(256) },
    // How far each file was read, and what was read and not sent yet.
    volumes: [{ name: 'spool', path: '/spool' }],
    supporting: true,
  });
  filebeat.connections.allowTo(beats);
  filebeat.addFile('/config/filebeat.yml', () => renderFilebeatConfig({ logstash: addressOf(beats) }));
  return filebeat;
}

/** Completes lines and stores them; keeps on disk what it has taken and Elasticsearch has not. */
function addLogstash(scope: Construct, { store, index, users, maxAge }: LogParts): Endpoint {
  const { name: user, secret } = users.shipper;
  const logstash: Service = new Service(scope, 'logstash', {
    name: 'logstash',
    image: ContainerImage.fromCatalog('logstash'),
    environment: () => ({
      BEATS: addressOf(beats),
      STORE: addressOf(store),
      STORE_PASSWORD_FILE: passwordFile(user),
      LS_JAVA_OPTS: LOGSTASH_JAVA_OPTIONS,
    }),
    healthCheck: HealthCheck.command(['logstash-live'], { startPeriod: SLOW_START }),
    limits: { memory: Size.mebibytes(1024), cpus: 2 },
    volumes: [{ name: 'data', path: '/data' }],
    stopTimeout: Duration.seconds(30),
    supporting: true,
  });
  const beats: Endpoint = logstash.addEndpoint('logstash', { port: BEATS_PORT });
  logstash.connections.allowTo(store);
  logstash.addFile('/config/logstash/logstash.yml', renderLogstashSettings);
  logstash.addFile('/config/logstash/log4j2.properties', renderLogstashLog4j);
  logstash.addFile('/config/pipeline.conf', () =>
    renderPipeline({ index, user, maxAge, listen: beats.address(0), store: addressOf(store) }),
  );
  logstash.addFile(passwordFile(user), () => secret.plain);
  return beats;
}

/** Shows what is stored. Brings its data view and dashboards along, and puts them back at each start. */
function addKibana(scope: Construct, { store, index, users }: LogParts): Endpoint {
  const { system, importer } = kibanaUsers(users);
  const key = (name: string) => new Secret(`${scope.node.id}-kibana-${name}`);
  const keys = { sessions: key('sessions'), objects: key('objects'), reports: key('reports') };
  const kibana: Service = new Service(scope, 'kibana', {
    name: 'kibana',
    image: ContainerImage.fromCatalog('kibana'),
    environment: () => ({
      KIBANA: addressOf(ui),
      IMPORT_USER: importer.name,
      IMPORT_PASSWORD_FILE: passwordFile(importer.name),
      IMPORT_FILE: '/config/saved-objects.ndjson',
      NODE_OPTIONS: '--max-old-space-size=640',
    }),
    healthCheck: HealthCheck.command(['kibana-live'], { startPeriod: SLOW_START }),
    limits: { memory: Size.mebibytes(1024), cpus: 2 },
    supporting: true,
  });
  const ui: Endpoint = kibana.addEndpoint('kibana', {
    port: KIBANA_PORT,
    offer: {
      what: 'Kibana',
      user: users.reader.name,
      secret: users.reader.secret.name,
      settings: { role: 'log ui' },
    },
  });
  kibana.connections.allowTo(store);
  kibana.addFile('/config/kibana.yml', () =>
    renderKibanaConfig({ listen: ui.address(0), store: addressOf(store), user: system.name }),
  );
  kibana.addFile('/config/kibana-secrets.yml', () => renderKibanaSecrets({ password: system.secret, ...keys }));
  kibana.addFile(passwordFile(importer.name), () => importer.secret.plain);
  kibana.addFile('/config/saved-objects.ndjson', () => renderSavedObjects(index));
  return ui;
}

function kibanaUsers({ kibana }: LogUsers): NonNullable<LogUsers['kibana']> {
  if (!kibana) throw new Error('without users for Kibana there can be none');
  return kibana;
}

/** `address:port` of the endpoint's only container. */
function addressOf(endpoint: Endpoint): string {
  return `${endpoint.address(0)}:${endpoint.port}`;
}
