import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import type { Grant } from '../core/grant.js';
import { type GrantOptions, Grants, namedSettings } from '../core/grants.js';
import { HealthCheck } from '../core/health-check.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { type DataVolume, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Endpoint } from '../core/endpoint.js';
import { addElasticServices } from './elastic-services.js';
import { type LogFlavour, type LogsModel, type LogStackProps, resolveLogs, userModel } from './model.js';
import { ELASTICSEARCH_PORT, passwordFile } from './render-elasticsearch.js';
import { LOGS_FOLDER } from './render-rsyslog.js';
import { addRsyslog } from './rsyslog.js';
import { STORE_FILES } from './store-files.js';
import { clientUser, everyUser, logUsers, type LogUsers } from './users.js';

/** What a service that may read lines is told, by the name of the environment variable. */
const LOG_SETTINGS = ['LOGS_URL', 'LOGS_INDEX', 'LOGS_USERNAME', 'LOGS_PASSWORD_FILE'] as const;
type LogSetting = (typeof LOG_SETTINGS)[number];

/** Every service's log files, on a volume of its own in each container. Images write `*.log` there, one JSON object a line. */
export const LOG_VOLUME: DataVolume = { name: 'logs', path: '/var/log/app' };

/** Ships the lines of every collected service to Elasticsearch, where they can be searched. */
export class LogStack extends Modelled {
  readonly flavour: LogFlavour;
  readonly index: string;
  /** Elasticsearch: 9200. */
  readonly store: Endpoint;
  /** Kibana; undefined in `debian`. */
  readonly ui: Endpoint | undefined;
  readonly users: LogUsers;
  private readonly resolved: LogsModel;
  private readonly storing: Service;
  private readonly shipper: Service;
  private readonly clients: Grants<'read', LogSetting>;
  private readonly collected = new Set<Service>();

  /** @throws PlatformError if the values cannot work together, or Elasticsearch would refuse the index's name */
  constructor(scope: Construct, id: string, props: LogStackProps) {
    super(scope, id);
    this.resolved = sound(resolveLogs(id, props));
    const { flavour, index, services } = this.resolved;
    this.flavour = flavour;
    this.index = index;
    const heap = Size.bytes(this.resolved.heapBytes);
    const memory = props.memory ?? Size.bytes(heap.toBytes() + Size.mebibytes(768).toBytes());
    const kibana = flavour === 'elastic';
    this.users = logUsers(id, { kibana });

    const elasticsearch = new Service(this, 'elasticsearch', {
      name: services.store,
      image: ContainerImage.fromCatalog(kibana ? 'elasticsearch' : 'elasticsearch-debian'),
      environment: ({ index }) => ({ NODE_ADDRESS: this.store.address(index) }),
      healthCheck: HealthCheck.command(['es-node', 'health'], { startPeriod: Duration.seconds(180) }),
      limits: { memory, cpus: 2 },
      // Another distribution could not read it.
      volumes: [{ name: kibana ? 'data' : 'debian-data', path: '/data' }],
      stopTimeout: Duration.seconds(30),
      supporting: true,
    });
    this.storing = elasticsearch;
    this.store = elasticsearch.addEndpoint(services.store, {
      port: ELASTICSEARCH_PORT,
      offer: {
        what: 'Logs: `npm run logs`',
        ...this.readerLogin(),
        settings: { role: 'log store', flavour, indexPattern: `${index}-*` },
      },
    });
    for (const [path, render] of Object.entries(STORE_FILES)) elasticsearch.addFile(path, () => render(this.model));
    for (const { name, secret } of everyUser(this.users)) elasticsearch.addFile(passwordFile(name), () => secret.plain);

    const reserved = everyUser(this.users).map(({ name }) => name);
    this.clients = new Grants(elasticsearch, {
      kind: this.resolved.kind,
      name: this.resolved.name,
      accesses: ['read'],
      settings: LOG_SETTINGS,
      isReserved: (client) => reserved.includes(client),
    });

    const maxAge = Duration.milliseconds(this.resolved.retention.maxAgeMs);
    const parts = { store: this.store, index, users: this.users, maxAge };
    if (kibana) {
      const { filebeat, kibana: ui } = addElasticServices(this, parts);
      this.shipper = filebeat;
      this.ui = ui;
    } else {
      this.shipper = addRsyslog(this, parts);
      this.ui = undefined;
    }
    this.node.addValidation({ validate: () => this.forgotten() });
  }

  get model(): LogsModel {
    const clients = this.clients.all.map(({ client }) => userModel(clientUser(this.node.id, client)));
    return { ...this.resolved, users: [...this.resolved.users, ...clients] };
  }
  override get grants(): readonly Grant[] {
    return this.clients.described;
  }

  /**
   * Lets a service of the same stack read the lines of all services, as a user of its own that is called like it: the rule, its password as a
   * file, and these environment variables: LOGS_URL, LOGS_INDEX (a pattern that matches all indices), LOGS_USERNAME, LOGS_PASSWORD_FILE.
   * Saying it twice is harmless.
   * @throws PlatformError with all that cannot be
   */
  grant(client: Service, options: GrantOptions<LogSetting> = {}): void {
    const grant = this.clients.add(client, 'read', options);
    if (!grant) return;
    const { name, secret } = clientUser(this.node.id, client.name);
    const file = `/config/secrets/${secret.name}`;
    this.storing.addFile(passwordFile(name), () => secret.plain);
    client.addFile(file, () => secret.plain);
    client.connections.allowTo(this.store);
    client.addEnvironment(() =>
      namedSettings(grant, {
        LOGS_URL: `http://${this.store.address(0)}:${this.store.port}`,
        LOGS_INDEX: `${this.index}-*`,
        LOGS_USERNAME: name,
        LOGS_PASSWORD_FILE: file,
      }),
    );
  }

  /** Gives services a log volume each and ships what they write there. Saying it twice is harmless. */
  collect(...services: readonly Service[]): void {
    for (const service of services) {
      if (this.collected.has(service)) continue;
      this.collected.add(service);
      service.addVolume(LOG_VOLUME);
      this.shipper.readVolumes(service, LOG_VOLUME, ({ name }) => `${LOGS_FOLDER}/${name}`);
    }
  }

  private readerLogin(): { readonly user: string; readonly secret: string } {
    const { name, secret } = this.users.reader;
    return { user: name, secret: secret.name };
  }
  private forgotten(): string[] {
    const all = this.node.root.node.findAll().filter(Service.isService);
    const names = all.filter((service) => !this.collected.has(service)).map(({ name }) => name);
    return names.length === 0
      ? []
      : [
          `the logs of ${names.join(', ')} are not collected: declare them before \`${this.node.id}.collect(...this.services)\`.`,
        ];
  }
}
