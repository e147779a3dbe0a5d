import { lines } from '../core/lines.js';
import type { Duration, Size } from '../core/units.js';
import { renderIndexTemplate, renderLifecyclePolicy } from './index-template.js';
import type { LogUser } from './users.js';

export const ELASTICSEARCH_PORT = 9200;

export interface ElasticsearchOptions {
  /** Start of index names. */
  readonly index: string;
  readonly retention: { readonly maxAge: Duration; readonly maxSize: Size };
  readonly users: readonly Pick<LogUser, 'name' | 'roles'>[];
  /** Name of the one that the container itself is. */
  readonly keeper: string;
  /** The whole distribution has lifecycle management and more; the one for integration tests has not. */
  readonly distribution: 'whole' | 'integration-test';
}

/** elasticsearch.yml. Clients come through the gate of es-node, so the node itself is on loopback only. */
export function renderElasticsearchConfig(distribution: ElasticsearchOptions['distribution']): string {
  return lines(
    'cluster.name: platform',
    'node.name: ${HOSTNAME}',
    'discovery.type: single-node',
    'path.data: /data',
    'path.logs: /tmp',
    'http.host: 127.0.0.1',
    'transport.host: 127.0.0.1',
    // Without it vm.max_map_count need not be raised on the host.
    'node.store.allow_mmap: false',
    // Retention bounds what is kept; a developer's disk is often fuller than a server's may be.
    'cluster.routing.allocation.disk.threshold_enabled: false',
    'xpack.security.enabled: true',
    'xpack.security.enrollment.enabled: false',
    'xpack.security.autoconfiguration.enabled: false',
    // As with Redis, what is between two containers is a network of their own.
    'xpack.security.http.ssl.enabled: false',
    'xpack.security.transport.ssl.enabled: false',
    ...(distribution === 'whole'
      ? [
          'xpack.license.self_generated.type: basic',
          'xpack.ml.enabled: false',
          'ingest.geoip.downloader.enabled: false',
        ]
      : []),
  );
}

/** jvm.options. The heap is fixed, as Elasticsearch recommends; the serial collector needs the least memory beside it. */
export function renderJvmOptions(heap: Size): string {
  const mebibytes = heap.toMebibytes();
  return lines(
    `-Xms${mebibytes}m`,
    `-Xmx${mebibytes}m`,
    '-XX:+UseSerialGC',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:ErrorFile=/dev/stderr',
    '-Djava.io.tmpdir=/tmp',
    '20-:--add-modules=jdk.incubator.vector',
    '-Dorg.apache.lucene.store.defaultReadAdvice=normal',
    // It would copy the built-in roles into an index, which nothing here reads.
    '-Des.queryable_built_in_roles_enabled=false',
  );
}

/** log4j2.properties: JSON on stdout, from where log-run takes it. */
export function renderLog4j(): string {
  return lines(
    'status = error',
    'appender.console.type = Console',
    'appender.console.name = console',
    'appender.console.layout.type = ECSJsonLayout',
    'appender.console.layout.dataset = elasticsearch.server',
    'rootLogger.level = info',
    'rootLogger.appenderRef.console.ref = console',
    // Lists ciphers that this Java does not have, at each start.
    'logger.ssl.name = org.elasticsearch.xpack.core.ssl.SSLService',
    'logger.ssl.level = off',
  );
}

/** es-node.json: users, what to send once the node is up, and how much to keep. */
export function renderEsNodeConfig(options: ElasticsearchOptions): string {
  const { index, retention, users, keeper, distribution } = options;
  const lifecycle = distribution === 'whole' ? index : undefined;
  const put = (path: string, body: object) => ({ path, body });
  const config = {
    settings: '/config/elasticsearch',
    users: users.map(({ name, roles }) => ({ name, roles, passwordFile: passwordFile(name) })),
    keeper,
    index,
    // Logstash sends again by itself what was not stored; rsyslog needs help.
    ...(lifecycle === undefined && { impatient: 'shipper' }),
    requests: [
      ...(lifecycle !== undefined ? [put(`/_ilm/policy/${lifecycle}`, renderLifecyclePolicy(retention.maxAge))] : []),
      put(`/_index_template/${index}`, renderIndexTemplate({ index, lifecycle })),
    ],
    // Lifecycle management knows no total size, so es-node looks after both.
    retention: { maxAgeSeconds: retention.maxAge.toSeconds(), maxBytes: retention.maxSize.toBytes() },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Where a container finds a user's password. */
export function passwordFile(user: string): string {
  return `/config/secrets/${user}`;
}
