import { Duration, Size } from '../core/units.js';
import type { LogFlavour, LogsModel } from './model.js';
import {
  renderElasticsearchConfig,
  renderEsNodeConfig,
  renderJvmOptions,
  renderLog4j,
  type ElasticsearchOptions,
} from './render-elasticsearch.js';
import { KEEPER, renderRoles } from './users.js';

const DISTRIBUTIONS: Readonly<Record<LogFlavour, ElasticsearchOptions['distribution']>> = {
  elastic: 'whole',
  debian: 'integration-test',
};

/** What Elasticsearch is given, by path; passwords aside. */
export const STORE_FILES: Readonly<Record<string, (model: LogsModel) => string>> = {
  '/config/elasticsearch/elasticsearch.yml': ({ flavour }) => renderElasticsearchConfig(DISTRIBUTIONS[flavour]),
  '/config/elasticsearch/jvm.options': ({ heapBytes }) => renderJvmOptions(Size.bytes(heapBytes)),
  '/config/elasticsearch/log4j2.properties': renderLog4j,
  '/config/elasticsearch/roles.yml': ({ index, flavour }) => renderRoles(index, { kibana: flavour === 'elastic' }),
  '/config/es-node.json': ({ index, flavour, users, retention: { maxAgeMs, maxSizeBytes } }) =>
    renderEsNodeConfig({
      index,
      retention: { maxAge: Duration.milliseconds(maxAgeMs), maxSize: Size.bytes(maxSizeBytes) },
      users,
      keeper: KEEPER,
      distribution: DISTRIBUTIONS[flavour],
    }),
};
