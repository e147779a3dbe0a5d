/** An object of Kibana, as exported and imported. Those of older versions are brought up to date on import. */
export interface SavedObject {
  readonly type: 'index-pattern' | 'lens' | 'search' | 'dashboard';
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
}

interface Reference {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

/** The versions of the formats below; Kibana 9.0 knows later ones too. */
const CORE_VERSION = '8.8.0';
const TYPE_VERSIONS = { 'index-pattern': '8.0.0', lens: '8.9.0', search: '8.0.0', dashboard: '8.9.0' } as const;

/** One column of a chart: what is counted or measured, or what it is divided by. */
export type Column =
  | { readonly kind: 'time' }
  | {
      readonly kind: 'values';
      readonly label: string;
      readonly fields: readonly [string, ...string[]];
      /** The column that orders them. */
      readonly by: string;
    }
  | { readonly kind: 'count'; readonly label: string; readonly kql?: string | undefined; readonly perSecond?: boolean }
  | { readonly kind: 'percentile'; readonly label: string; readonly field: string; readonly percentile: number }
  /** Of the lines of the chart, those that fit. */
  | { readonly kind: 'ratio'; readonly label: string; readonly part: string };

/** A chart over time. */
export interface Lens {
  readonly title: string;
  /** KQL. @default every line */
  readonly filter?: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** Stacked bars instead of lines. @default false */
  readonly stacked?: boolean;
}

export function dataView(index: string): SavedObject {
  const duration = {
    id: 'duration',
    params: { inputFormat: 'nanoseconds', outputFormat: 'asMilliseconds', outputPrecision: 2 },
  };
  return savedObject('index-pattern', index, {
    title: `${index}-*`,
    name: 'Platform logs',
    timeFieldName: '@timestamp',
    fieldFormatMap: JSON.stringify({ 'event.duration': duration }),
  });
}

const LAYER = 'layer';

export function lens(
  id: string,
  { title, filter = '', columns, stacked = false }: Lens,
  view: SavedObject,
): SavedObject {
  const rendered = Object.fromEntries(Object.entries(columns).flatMap(([name, column]) => renderColumn(name, column)));
  const named = (...kinds: Column['kind'][]) =>
    Object.keys(columns).filter((name) => kinds.includes(columns[name]?.kind ?? 'time'));
  const [split] = named('values');
  return savedObject(
    'lens',
    id,
    {
      title,
      visualizationType: 'lnsXY',
      state: {
        datasourceStates: {
          formBased: {
            layers: { [LAYER]: { columns: rendered, columnOrder: Object.keys(rendered), incompleteColumns: {} } },
          },
        },
        visualization: {
          preferredSeriesType: stacked ? 'bar_stacked' : 'line',
          legend: { isVisible: true, position: 'bottom' },
          valueLabels: 'hide',
          layers: [
            {
              layerId: LAYER,
              layerType: 'data',
              seriesType: stacked ? 'bar_stacked' : 'line',
              xAccessor: named('time')[0],
              ...(split !== undefined && { splitAccessor: split }),
              accessors: named('count', 'percentile', 'ratio'),
            },
          ],
        },
        query: { query: filter, language: 'kuery' },
        filters: [],
        internalReferences: [],
        adHocDataViews: {},
      },
    },
    [{ type: view.type, id: view.id, name: `indexpattern-datasource-layer-${LAYER}` }],
  );
}

/** A list of lines, newest first. */
export function discover(
  id: string,
  { title, query, columns }: { title: string; query: string; columns: readonly string[] },
  view: SavedObject,
): SavedObject {
  const name = 'kibanaSavedObjectMeta.searchSourceJSON.index';
  const source = { query: { query, language: 'kuery' }, filter: [], indexRefName: name };
  return savedObject(
    'search',
    id,
    {
      title,
      columns,
      sort: [['@timestamp', 'desc']],
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) },
    },
    [{ type: view.type, id: view.id, name }],
  );
}

/** Half as wide as the dashboard, or as wide. */
export interface Panel {
  readonly type: 'lens' | 'search';
  readonly id: string;
  readonly wide?: boolean;
}

const GRID_COLUMNS = 48;
const PANEL_ROWS = 15;

export function dashboard(id: string, title: string, panels: readonly Panel[]): SavedObject {
  let x = 0;
  let y = 0;
  const placed = panels.map(({ type, wide = false }, index) => {
    const w = wide ? GRID_COLUMNS : GRID_COLUMNS / 2;
    if (x + w > GRID_COLUMNS) [x, y] = [0, y + PANEL_ROWS];
    const i = String(index);
    const panel = {
      type,
      panelIndex: i,
      panelRefName: `panel_${i}`,
      gridData: { i, x, y, w, h: PANEL_ROWS },
      embeddableConfig: {},
    };
    x += w;
    return panel;
  });
  const empty = { query: { query: '', language: 'kuery' }, filter: [] };
  return savedObject(
    'dashboard',
    id,
    {
      title,
      timeRestore: true,
      timeFrom: 'now-1h',
      timeTo: 'now',
      refreshInterval: { pause: false, value: 10_000 },
      panelsJSON: JSON.stringify(placed),
      optionsJSON: JSON.stringify({ useMargins: true, syncCursor: true, hidePanelTitles: false }),
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(empty) },
    },
    panels.map(({ type, id: panel }, index) => ({ type, id: panel, name: `${index}:panel_${index}` })),
  );
}

function savedObject(
  type: SavedObject['type'],
  id: string,
  attributes: SavedObject['attributes'],
  references: readonly Reference[] = [],
): SavedObject {
  return {
    type,
    id,
    attributes,
    references,
    coreMigrationVersion: CORE_VERSION,
    typeMigrationVersion: TYPE_VERSIONS[type],
  };
}

/** A column as Lens has it; a ratio takes four. */
function renderColumn(name: string, column: Column): [string, object][] {
  switch (column.kind) {
    case 'time':
      return [
        [
          name,
          {
            ...bucket('@timestamp', '@timestamp', 'date', 'interval'),
            operationType: 'date_histogram',
            params: { interval: 'auto' },
          },
        ],
      ];
    case 'values': {
      const [field, ...secondaryFields] = column.fields;
      return [
        [
          name,
          {
            ...bucket(column.label, field, 'string', 'ordinal'),
            operationType: 'terms',
            params: {
              size: 10,
              orderBy: { type: 'column', columnId: column.by },
              orderDirection: 'desc',
              otherBucket: true,
              missingBucket: false,
              ...(secondaryFields.length > 0 && { secondaryFields }),
              parentFormat: { id: secondaryFields.length > 0 ? 'multi_terms' : 'terms' },
            },
          },
        ],
      ];
    }
    case 'count':
      return [[name, { ...counted(column.label, column.kql), ...(column.perSecond && { timeScale: 's' }) }]];
    case 'percentile':
      return [
        [
          name,
          {
            ...measure(column.label),
            operationType: 'percentile',
            sourceField: column.field,
            params: { percentile: column.percentile },
          },
        ],
      ];
    case 'ratio':
      return renderRatio(name, column.label, column.part);
  }
}

/** A formula comes with its parts: Lens computes these, not the text. */
function renderRatio(name: string, label: string, part: string): [string, object][] {
  const text = `count(kql='${part}') / count()`;
  const [fitting, all, divided] = [`${name}X0`, `${name}X1`, `${name}X2`];
  const ast = { type: 'function', name: 'divide', args: [fitting, all], location: { min: 0, max: text.length }, text };
  return [
    [
      name,
      {
        ...measure(label),
        operationType: 'formula',
        params: { formula: text, isFormulaBroken: false, format: { id: 'percent', params: { decimals: 2 } } },
        references: [divided],
      },
    ],
    [fitting, counted(`Part of ${label}`, part)],
    [all, counted(`Part of ${label}`)],
    [
      divided,
      {
        ...measure(`Part of ${label}`),
        operationType: 'math',
        params: { tinymathAst: ast },
        references: [fitting, all],
      },
    ],
  ];
}

function bucket(label: string, sourceField: string, dataType: string, scale: string): object {
  return { label, customLabel: true, dataType, isBucketed: true, scale, sourceField };
}

function measure(label: string): object {
  return { label, customLabel: true, dataType: 'number', isBucketed: false, scale: 'ratio' };
}

function counted(label: string, kql?: string): object {
  return {
    ...measure(label),
    operationType: 'count',
    sourceField: '___records___',
    ...(kql !== undefined && { filter: { query: kql, language: 'kuery' } }),
    params: { emptyAsNull: false },
  };
}
