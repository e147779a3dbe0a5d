import type { Secret } from '../core/secret.js';

export interface KibanaOptions {
  /** Kibana's own address: it listens there only. */
  readonly listen: string;
  /** Elasticsearch's `address:port`. */
  readonly store: string;
  /** The user of Elasticsearch. */
  readonly user: string;
}

export interface KibanaSecrets {
  /** Of the user. */
  readonly password: Secret;
  /** Encrypts sessions: without it everybody would have to log in again after a restart. */
  readonly sessions: Secret;
  /** Encrypts what users save with secrets in it. */
  readonly objects: Secret;
  readonly reports: Secret;
}

export const KIBANA_PORT = 5601;

/** kibana.yml (9.0). Only settings that this version knows: it refuses to start with any other. */
export function renderKibanaConfig({ listen, store, user }: KibanaOptions): string {
  return `server.name: platform
server.host: "${listen}"
server.port: ${KIBANA_PORT}
server.shutdownTimeout: 5s
elasticsearch.hosts: ["http://${store}"]
elasticsearch.username: "${user}"
# Only an id is kept there, which may change.
path.data: /run
# Nothing of this leaves the platform's networks.
telemetry.optIn: false
telemetry.allowChangingOptInStatus: false
newsfeed.enabled: false
map.includeElasticMapsService: false
# JSON on stdout, from where log-run takes it.
logging.appenders.json.type: console
logging.appenders.json.layout.type: json
logging.root.appenders: [json]
logging.root.level: info
`;
}

/** kibana-secrets.yml, which Kibana reads besides kibana.yml. */
export function renderKibanaSecrets({ password, sessions, objects, reports }: KibanaSecrets): string {
  return `elasticsearch.password: "${password.plain}"
xpack.security.encryptionKey: "${sessions.plain}"
xpack.encryptedSavedObjects.encryptionKey: "${objects.plain}"
xpack.reporting.encryptionKey: "${reports.plain}"
`;
}
