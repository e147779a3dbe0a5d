import { expect, test } from '@jest/globals';
import { Duration } from '../../../constructs/core/units.js';
import { renderIndexTemplate, renderLifecyclePolicy } from '../../../constructs/logging/index-template.js';

interface Template {
  readonly index_patterns: readonly string[];
  readonly template: {
    readonly settings: Readonly<Record<string, unknown>>;
    readonly mappings: { readonly properties: Readonly<Record<string, { readonly type: string }>> } & Readonly<
      Record<string, unknown>
    >;
  };
}
const template = (lifecycle?: string) => renderIndexTemplate({ index: 'shop-logs', lifecycle }) as Template;

test('it is for the indices of the stack alone', () => {
  expect(template().index_patterns).toEqual(['shop-logs-*']);
});

test('no line is refused for its content: wrong types are kept, unknown names too, dotted and nested ones may be mixed', () => {
  const { settings, mappings } = template().template;
  expect(settings['index.mapping.ignore_malformed']).toBe(true);
  expect(mappings).toMatchObject({ dynamic: false, subobjects: false, date_detection: false });
});

test('no value is too long: Lucene takes keywords of up to 32,766 bytes', () => {
  type Field = { readonly type: string; readonly ignore_above?: number; readonly fields?: Record<string, Field> };
  const fields = Object.values(template().template.mappings.properties as Record<string, Field>);
  const keywords = fields
    .flatMap((field) => [field, ...Object.values(field.fields ?? {})])
    .filter(({ type }) => type === 'keyword');
  expect(keywords.length).toBeGreaterThan(10);
  for (const { ignore_above: characters = Infinity } of keywords) expect(4 * characters).toBeLessThanOrEqual(32_766);
});

test('what a line always has can be searched, with times exact to the nanosecond', () => {
  expect(template().template.mappings.properties).toMatchObject({
    '@timestamp': { type: 'date_nanos' },
    'event.id': { type: 'keyword' },
    'service.name': { type: 'keyword' },
    'service.instance': { type: 'keyword' },
    'log.level': { type: 'keyword' },
    message: { type: 'text' },
    'request.id': { type: 'keyword' },
    'event.duration': { type: 'long' },
  });
});

test('a single node keeps one copy', () => {
  expect(template().template.settings).toMatchObject({ number_of_shards: 1, number_of_replicas: 0 });
});

test('a lifecycle is named only where Elasticsearch has any', () => {
  expect(template('shop-logs').template.settings['index.lifecycle.name']).toBe('shop-logs');
  expect(template().template.settings).not.toHaveProperty(['index.lifecycle.name']);
});

test('the lifecycle deletes an index at its age and does nothing else', () => {
  expect(renderLifecyclePolicy(Duration.seconds(90_061))).toEqual({
    policy: { phases: { hot: { actions: {} }, delete: { min_age: '90061s', actions: { delete: {} } } } },
  });
});
