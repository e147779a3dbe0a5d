import { Secret } from '../core/secret.js';

/** A user of Elasticsearch, with no more rights than its part needs. */
export interface LogUser {
  readonly name: string;
  readonly secret: Secret;
  readonly roles: readonly string[];
}

/** Who connects to Elasticsearch as whom. */
export interface LogUsers {
  /** The container itself: index template and retention. */
  readonly keeper: LogUser;
  /** Rsyslog or Logstash: adds lines, reads and changes none. */
  readonly shipper: LogUser;
  /** `npm run logs`, and people in Kibana: reads lines. */
  readonly reader: LogUser;
  /** Kibana's own connection, and who imports the dashboards; only where there is Kibana. */
  readonly kibana?: { readonly system: LogUser; readonly importer: LogUser };
}

export const KEEPER = 'keeper';

/** @param id of the log stack; secrets begin with it */
export function logUsers(id: string, { kibana }: { kibana: boolean }): LogUsers {
  const user = (name: string, ...roles: string[]): LogUser => ({ name, secret: new Secret(`${id}-${name}`), roles });
  return {
    keeper: user(KEEPER, 'keeper'),
    shipper: user('shipper', 'shipper'),
    reader: user('reader', 'reader'),
    ...(kibana && {
      kibana: { system: user('kibana-server', 'kibana_system'), importer: user('importer', 'kibana_admin') },
    }),
  };
}

/** A service that may read lines. */
export function clientUser(id: string, client: string): LogUser {
  return { name: client, secret: new Secret(`${id}-${client}`), roles: ['reader'] };
}

export function everyUser({ keeper, shipper, reader, kibana }: LogUsers): LogUser[] {
  return [keeper, shipper, reader, ...(kibana ? [kibana.system, kibana.importer] : [])];
}

/** Privileges by role, for indices that begin with a name; the roles of Kibana's two users are Elasticsearch's own. */
export function renderRoles(index: string, { kibana }: { kibana: boolean }): string {
  const names = JSON.stringify([`${index}-*`]);
  const cluster = kibana ? '[monitor, manage_index_templates, manage_ilm]' : '[monitor, manage_index_templates]';
  const reading = kibana
    ? `
  applications:
    - application: kibana-.kibana
      privileges: [feature_discover.read, feature_dashboard.read, feature_visualize.read]
      resources: ["*"]`
    : '';
  // Logstash asks for Elasticsearch's version and license before it sends anything.
  const shipping = kibana ? '\n  cluster: [monitor]' : '';
  return `keeper:
  cluster: ${cluster}
  indices:
    - names: ${names}
      privileges: [monitor, view_index_metadata, delete_index]
shipper:${shipping}
  indices:
    - names: ${names}
      privileges: [create_doc, auto_configure]
reader:
  indices:
    - names: ${names}
      privileges: [read, view_index_metadata]${reading}
`;
}
