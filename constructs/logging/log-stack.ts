import { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { PlatformError } from '../core/platform-error.js';
import { type DataVolume, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Endpoint } from '../network/endpoint.js';
import { addElasticServices } from './elastic-services.js';
import {
  ELASTICSEARCH_PORT,
  passwordFile,
  renderElasticsearchConfig,
  renderEsNodeConfig,
  renderJvmOptions,
  renderLog4j,
} from './render-elasticsearch.js';
import { LOGS_FOLDER } from './render-rsyslog.js';
import { addRsyslog } from './rsyslog.js';
import { logUsers, type LogUsers, renderRoles } from './users.js';

/**
 * What the stack is made of. `elastic`: Filebeat, Logstash, Elasticsearch and Kibana from their official images.
 * `debian`: rsyslog and Elasticsearch, for networks without an image registry; without Logstash and Kibana.
 */
export type LogFlavour = 'elastic' | 'debian';

export interface LogStackProps {
  readonly flavour: LogFlavour;
  /** Elasticsearch's heap. @default 512 MiB */
  readonly heap?: Size;
  /** Elasticsearch's container. It needs a good deal beside the heap. @default the heap and 768 MiB */
  readonly memory?: Size;
  /** What is kept: days that ended no longer ago, and no more than this in all. @default 7 days, 2 GiB */
  readonly retention?: { readonly maxAge?: Duration; readonly maxSize?: Size };
  /** What the names of indices begin with; `-2026.11.22` follows. @default 'platform-logs' */
  readonly index?: string;
}

/** Beside the heap: code, threads, buffers of the network and of Lucene. Measured: 320 to 430 MiB. */
const LEAST_BESIDE_HEAP = Size.mebibytes(448);

/** Every service's log files, on a volume of its own in each container. Images write `*.log` there, one JSON object a line. */
export const LOG_VOLUME: DataVolume = { name: 'logs', path: '/var/log/app' };

/** Ships the lines of every collected service to Elasticsearch, where they can be searched. */
export class LogStack extends Construct {
  readonly flavour: LogFlavour;
  readonly index: string;
  /** Elasticsearch: 9200. */
  readonly store: Endpoint;
  /** Kibana; undefined in `debian`. */
  readonly ui: Endpoint | undefined;
  readonly users: LogUsers;
  private readonly shipper: Service;
  private readonly collected = new Set<Service>();

  /** @throws PlatformError if the values cannot work together, or Elasticsearch would refuse the index's name */
  constructor(scope: Construct, id: string, props: LogStackProps) {
    super(scope, id);
    const heap = props.heap ?? Size.mebibytes(512);
    const memory = props.memory ?? Size.bytes(heap.toBytes() + Size.mebibytes(768).toBytes());
    const retention = {
      maxAge: props.retention?.maxAge ?? Duration.seconds(7 * 86_400),
      maxSize: props.retention?.maxSize ?? Size.mebibytes(2048),
    };
    this.flavour = props.flavour;
    this.index = props.index ?? 'platform-logs';
    const problems = logProblems({ heap, memory, index: this.index });
    if (problems.length > 0) {
      throw PlatformError.all(
        problems.map(({ path, ...problem }) => ({ what: `${id}.${path} cannot be used`, ...problem })),
      );
    }
    const kibana = this.flavour === 'elastic';
    this.users = logUsers(id, { kibana });
    const users = [this.users.keeper, this.users.shipper, this.users.reader, ...Object.values(this.users.kibana ?? {})];

    const elasticsearch = new Service(this, 'elasticsearch', {
      name: 'elasticsearch',
      image: ContainerImage.fromCatalog(kibana ? 'elasticsearch' : 'elasticsearch-debian'),
      environment: ({ index }) => ({ NODE_ADDRESS: this.store.address(index) }),
      healthCheck: HealthCheck.command(['es-node', 'health'], { startPeriod: Duration.seconds(180) }),
      limits: { memory, cpus: 2 },
      // Another distribution could not read it.
      volumes: [{ name: kibana ? 'data' : 'debian-data', path: '/data' }],
      stopTimeout: Duration.seconds(30),
      supporting: true,
    });
    this.store = elasticsearch.addEndpoint('elasticsearch', { port: ELASTICSEARCH_PORT });
    const distribution = kibana ? 'whole' : 'integration-test';
    elasticsearch.addFile('/config/elasticsearch/elasticsearch.yml', () => renderElasticsearchConfig(distribution));
    elasticsearch.addFile('/config/elasticsearch/jvm.options', () => renderJvmOptions(heap));
    elasticsearch.addFile('/config/elasticsearch/log4j2.properties', renderLog4j);
    elasticsearch.addFile('/config/elasticsearch/roles.yml', () => renderRoles(this.index, { kibana }));
    elasticsearch.addFile('/config/es-node.json', () =>
      renderEsNodeConfig({ index: this.index, retention, users, keeper: this.users.keeper, distribution }),
    );
    for (const { name, secret } of users) elasticsearch.addFile(passwordFile(name), () => secret.plain);
    elasticsearch.settings['retention'] = { maxAge: String(retention.maxAge), maxSize: String(retention.maxSize) };
    elasticsearch.settings['memory'] = { heap: String(heap) };

    const parts = { store: this.store, index: this.index, users: this.users };
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

  /** Gives services a log volume each and ships what they write there. Saying it twice is harmless. */
  collect(...services: readonly Service[]): void {
    for (const service of services) {
      if (this.collected.has(service)) continue;
      this.collected.add(service);
      service.addVolume(LOG_VOLUME);
      this.shipper.readVolumes(service, LOG_VOLUME, ({ name }) => `${LOGS_FOLDER}/${name}`);
    }
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

/** What cannot work; also checked, all at once, where an environment is loaded. */
export function logProblems({ heap, memory, index }: { heap: Size; memory: Size; index: string }): {
  path: string;
  got: string;
  allowed: string;
  fix: string;
}[] {
  const problems = [];
  const least = Size.bytes(heap.toBytes() + LEAST_BESIDE_HEAP.toBytes());
  if (memory.toBytes() < least.toBytes()) {
    problems.push({
      path: 'memory',
      got: String(memory),
      allowed: `from ${String(least)}: the heap (${String(heap)}) and ${String(LEAST_BESIDE_HEAP)}`,
      fix: 'Leave it out for the heap and 768MiB, or lower the heap.',
    });
  }
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(index)) {
    problems.push({
      path: 'index',
      got: index,
      allowed: 'a-z, 0-9, and after the first character also . _ -; up to 100 characters',
      fix: "Use e.g. 'platform-logs': Elasticsearch refuses other names.",
    });
  }
  return problems;
}
