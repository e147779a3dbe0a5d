import { dashboard, type Column, dataView, discover, type Lens, lens, type SavedObject } from './saved-objects.js';

const BY_TIME: Column = { kind: 'time' };
const count = (label: string, kql?: string): Column => ({ kind: 'count', label, kql });

/** What the panels show, by id. */
const CHARTS: Readonly<Record<string, Lens>> = {
  'error-rate': {
    title: 'Error rate of the API',
    filter: 'service.name : "api" and http.response.status_code : *',
    columns: {
      time: BY_TIME,
      rate: {
        kind: 'ratio',
        label: 'answers from 500 on, of all',
        part: 'http.response.status_code >= 500',
      },
    },
  },
  latency: {
    title: 'Latency of the API: p50, p95 and p99',
    filter: 'service.name : "api" and event.duration : *',
    columns: {
      time: BY_TIME,
      p50: { kind: 'percentile', label: 'p50', field: 'event.duration', percentile: 50 },
      p95: { kind: 'percentile', label: 'p95', field: 'event.duration', percentile: 95 },
      p99: { kind: 'percentile', label: 'p99', field: 'event.duration', percentile: 99 },
    },
  },
  'requests-by-backend': {
    title: 'Requests per second, by backend and server',
    filter: 'service.name : "proxy" and backend.name : * and http.response.status_code : *',
    columns: {
      backend: { kind: 'values', label: 'backend and server', fields: ['backend.name', 'server.name'], by: 'rate' },
      time: BY_TIME,
      rate: { kind: 'count', label: 'requests per second', perSecond: true },
    },
  },
  'redis-changes': {
    title: 'Redis: role changes and failovers',
    columns: {
      time: BY_TIME,
      roles: count('role changes', 'event.action : "role-change"'),
      failovers: count('failovers (+switch-master)', 'message : "+switch-master"'),
    },
    stacked: true,
  },
  'lines-by-service': {
    title: 'Lines, by service',
    columns: {
      service: { kind: 'values', label: 'service', fields: ['service.name'], by: 'lines' },
      time: BY_TIME,
      lines: count('lines'),
    },
    stacked: true,
  },
  'lines-by-level': {
    title: 'Warnings and errors, by service',
    filter: 'log.level : ("warn" or "error" or "fatal")',
    columns: {
      service: { kind: 'values', label: 'service', fields: ['service.name'], by: 'lines' },
      time: BY_TIME,
      lines: count('lines'),
    },
    stacked: true,
  },
};

const COLUMNS = ['service.instance', 'log.level', 'message'];

/** Kibana's data view, charts and dashboards for indices that begin with a name. */
export function savedObjects(index: string): SavedObject[] {
  const view = dataView(index);
  return [
    view,
    ...Object.entries(CHARTS).map(([id, chart]) => lens(`${index}-${id}`, chart, view)),
    discover(`${index}-lines`, { title: 'Lines', query: '', columns: COLUMNS }, view),
    discover(
      `${index}-redis-lines`,
      {
        title: 'Redis: role changes and failovers, line by line',
        query: 'event.action : ("role-change" or "failover-requested" or "hand-over") or message : "+switch-master"',
        columns: ['service.instance', 'event.action', 'redis.role', 'redis.master', 'message'],
      },
      view,
    ),
    dashboard(`${index}-requests`, 'Requests', [
      { type: 'lens', id: `${index}-error-rate` },
      { type: 'lens', id: `${index}-latency` },
      { type: 'lens', id: `${index}-requests-by-backend`, wide: true },
    ]),
    dashboard(`${index}-redis`, 'Redis', [
      { type: 'lens', id: `${index}-redis-changes`, wide: true },
      { type: 'search', id: `${index}-redis-lines`, wide: true },
    ]),
    dashboard(`${index}-services`, 'Logs by service', [
      { type: 'lens', id: `${index}-lines-by-service` },
      { type: 'lens', id: `${index}-lines-by-level` },
      { type: 'search', id: `${index}-lines`, wide: true },
    ]),
  ];
}

/** As Kibana imports them: one a line. */
export function renderSavedObjects(index: string): string {
  return `${savedObjects(index)
    .map((object) => JSON.stringify(object))
    .join('\n')}\n`;
}
