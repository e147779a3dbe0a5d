import { describe, expect, test } from '@jest/globals';
import { renderSavedObjects, savedObjects } from '../../../constructs/logging/dashboards.js';
import { renderIndexTemplate } from '../../../constructs/logging/index-template.js';
import type { SavedObject } from '../../../constructs/logging/saved-objects.js';

const INDEX = 'shop-logs';
const objects = savedObjects(INDEX);
const template = renderIndexTemplate({ index: INDEX }) as {
  index_patterns: string[];
  template: { mappings: { properties: Record<string, { type: string }> } };
};
const fields = template.template.mappings.properties;

interface LensColumn {
  readonly operationType: string;
  readonly sourceField?: string;
  readonly isBucketed: boolean;
  readonly timeScale?: string;
  readonly references?: readonly string[];
  readonly filter?: { readonly query: string };
  readonly params?: {
    readonly percentile?: number;
    readonly secondaryFields?: readonly string[];
    readonly tinymathAst?: object;
    readonly orderBy?: { readonly columnId: string };
  };
}
interface LensState {
  readonly datasourceStates: {
    readonly formBased: {
      readonly layers: {
        readonly layer: { readonly columns: Record<string, LensColumn>; readonly columnOrder: string[] };
      };
    };
  };
  readonly visualization: {
    readonly layers: readonly [
      { readonly xAccessor: string; readonly splitAccessor?: string; readonly accessors: string[] },
    ];
  };
  readonly query: { readonly query: string };
}
const charts = objects.filter(({ type }) => type === 'lens');
const stateOf = (chart: SavedObject) => chart.attributes['state'] as LensState;
const layerOf = (chart: SavedObject) => stateOf(chart).datasourceStates.formBased.layers.layer;
const chart = (id: string): SavedObject => {
  const found = charts.find((object) => object.id === `${INDEX}-${id}`);
  if (!found) throw new Error(`no chart ${id}, only ${charts.map((object) => object.id).join(', ')}`);
  return found;
};

test('an import is one object a line, the same at each start, so that it replaces what is there', () => {
  const lines = renderSavedObjects(INDEX).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(objects)));
  expect(new Set(objects.map(({ type, id }) => `${type} ${id}`)).size).toBe(objects.length);
});

test('the data view shows the indices that lines are stored in, by their time', () => {
  const [view] = objects.filter(({ type }) => type === 'index-pattern');
  expect([view?.attributes['title']]).toEqual(template.index_patterns);
  expect(view?.attributes['timeFieldName']).toBe('@timestamp');
});

test('everything that is referred to comes along', () => {
  const known = objects.map(({ type, id }) => `${type} ${id}`);
  for (const { references } of objects) for (const { type, id } of references) expect(known).toContain(`${type} ${id}`);
});

test('every object says the version of its format, which Kibana asks for', () => {
  for (const object of objects)
    expect(object).toMatchObject({
      coreMigrationVersion: '8.8.0',
      typeMigrationVersion: expect.stringMatching(/^8\./),
    });
});

describe('a chart', () => {
  test.each(charts.map((object) => [object.id, object] as const))(
    '%s only counts and orders by columns that it has',
    (_, object) => {
      const { columns, columnOrder } = layerOf(object);
      const { xAccessor, splitAccessor, accessors } = stateOf(object).visualization.layers[0];
      expect(columnOrder).toEqual(Object.keys(columns));
      const named = [xAccessor, ...(splitAccessor === undefined ? [] : [splitAccessor]), ...accessors];
      const referred = Object.values(columns).flatMap(({ references = [], params }) => [
        ...references,
        ...(params?.orderBy ? [params.orderBy.columnId] : []),
      ]);
      for (const name of [...named, ...referred]) expect(Object.keys(columns)).toContain(name);
      expect(columns[xAccessor]?.operationType).toBe('date_histogram');
      // Buckets come first: Lens nests them in this order.
      const bucketed = columnOrder.map((name) => columns[name]?.isBucketed);
      expect(bucketed).toEqual([...bucketed].sort((a, b) => Number(b) - Number(a)));
    },
  );

  test.each(charts.map((object) => [object.id, object] as const))(
    '%s only uses fields that are indexed, by values only keywords',
    (_, object) => {
      for (const { operationType, sourceField, params } of Object.values(layerOf(object).columns)) {
        for (const field of [...(sourceField === undefined ? [] : [sourceField]), ...(params?.secondaryFields ?? [])]) {
          if (field === '___records___') continue;
          expect(fields).toHaveProperty([field]);
          if (operationType === 'terms') expect(fields[field]?.type).toBe('keyword');
          if (operationType === 'percentile') expect(fields[field]?.type).toBe('long');
        }
      }
    },
  );
});

test('queries only name fields that are indexed', () => {
  const queries = objects.flatMap((object) => [
    ...JSON.stringify(object)
      .replaceAll('\\', '')
      .matchAll(/([a-z@_]+(?:\.[a-z_]+)+|\bmessage) (?::|>=) /g),
  ]);
  const named = queries.map((match) => match[1] ?? '');
  expect(named).toEqual(
    expect.arrayContaining(['event.action', 'message', 'http.response.status_code', 'backend.name']),
  );
  for (const field of named) expect(fields).toHaveProperty([field]);
});

test('the error rate is the part of answers from 500 on', () => {
  const { columns } = layerOf(chart('error-rate'));
  expect(columns['rate']?.references).toEqual(['rateX2']);
  expect(columns['rateX2']?.params?.tinymathAst).toMatchObject({ name: 'divide', args: ['rateX0', 'rateX1'] });
  expect(columns['rateX2']?.references).toEqual(['rateX0', 'rateX1']);
  expect(columns['rateX0']?.filter?.query).toBe('http.response.status_code >= 500');
  expect(columns['rateX1']?.filter).toBeUndefined();
});

test('latency is shown as p50, p95 and p99', () => {
  const percentiles = Object.values(layerOf(chart('latency')).columns).map(({ params }) => params?.percentile);
  expect(percentiles.filter((value) => value !== undefined)).toEqual([50, 95, 99]);
});

test('requests are shown per second, by backend and server', () => {
  const { columns } = layerOf(chart('requests-by-backend'));
  expect(columns['rate']?.timeScale).toBe('s');
  expect([columns['backend']?.sourceField, columns['backend']?.params?.secondaryFields]).toEqual([
    'backend.name',
    ['server.name'],
  ]);
});

test('each chart and list is on a dashboard, side by side or below, never over another', () => {
  const dashboards = objects.filter(({ type }) => type === 'dashboard');
  const placed = dashboards.flatMap(({ references }) => references.map(({ id }) => id));
  const content = objects.filter(({ type }) => type === 'lens' || type === 'search');
  expect([...placed].sort()).toEqual(content.map(({ id }) => id).sort());
  for (const { attributes, references } of dashboards) {
    const panels = JSON.parse(String(attributes['panelsJSON'])) as {
      panelIndex: string;
      panelRefName: string;
      gridData: Record<'x' | 'y' | 'w' | 'h', number>;
    }[];
    expect(references.map(({ name }) => name)).toEqual(
      panels.map(({ panelIndex, panelRefName }) => `${panelIndex}:${panelRefName}`),
    );
    const taken = panels.flatMap(({ gridData: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...panels.map(({ gridData: { x, w } }) => x + w))).toBeLessThanOrEqual(48);
  }
});
