import type { Duration } from '../core/units.js';

/** Longer ones cannot be a keyword of Lucene: 32,766 bytes, at up to 4 bytes a character. */
const KEYWORD_CHARACTERS = 8191;

/** No value is too long to be stored; one that is too long for a keyword is not searched. */
const KEYWORD = { type: 'keyword', ignore_above: KEYWORD_CHARACTERS } as const;

/** The Elastic Common Schema's types of the fields that every flavour indexes; all others are kept and shown, not searched. */
const FIELDS = {
  '@timestamp': { type: 'date_nanos' },
  'event.id': KEYWORD,
  'event.action': KEYWORD,
  'event.duration': { type: 'long' },
  'service.name': KEYWORD,
  'service.instance': KEYWORD,
  'log.level': KEYWORD,
  message: { type: 'text', fields: { raw: KEYWORD } },
  'error.message': { type: 'text' },
  'http.request.method': KEYWORD,
  'http.response.status_code': { type: 'short' },
  'http.route': { type: 'keyword', ignore_above: 1024 },
  'url.path': { type: 'keyword', ignore_above: 1024 },
  'request.id': { type: 'keyword', ignore_above: 256 },
  'client.ip': { type: 'ip' },
  'backend.name': KEYWORD,
  'server.name': KEYWORD,
  'redis.role': KEYWORD,
  'redis.master': KEYWORD,
} as const;

export interface IndexTemplateOptions {
  /** Start of index names. */
  readonly index: string;
  /** Name of the lifecycle policy, where Elasticsearch has lifecycle management. */
  readonly lifecycle?: string | undefined;
}

/**
 * No line may be refused for its content, as a refused line is a lost one: values of the wrong type are kept without being indexed, and dotted
 * and nested names may be mixed (`subobjects`).
 */
export function renderIndexTemplate({ index, lifecycle }: IndexTemplateOptions): object {
  return {
    index_patterns: [`${index}-*`],
    priority: 500,
    template: {
      settings: {
        number_of_shards: 1,
        number_of_replicas: 0,
        'index.codec': 'best_compression',
        'index.refresh_interval': '1s',
        'index.mapping.ignore_malformed': true,
        ...(lifecycle !== undefined && { 'index.lifecycle.name': lifecycle }),
      },
      mappings: { dynamic: false, subobjects: false, date_detection: false, properties: FIELDS },
    },
  };
}

/** Deletes a day's index when it has reached the age. (Elasticsearch counts from the index's creation.) */
export function renderLifecyclePolicy(maxAge: Duration): object {
  const minAge = `${maxAge.toSeconds()}s`;
  return { policy: { phases: { hot: { actions: {} }, delete: { min_age: minAge, actions: { delete: {} } } } } };
}
