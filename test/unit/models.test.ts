import { describe, expect, test } from '@jest/globals';
import { renderSettings, resolveApi } from '../../constructs/api/model.js';
import { renderEnvironment, resolveHttp } from '../../constructs/http/model.js';
import {
  type AnyModel,
  checkTopology,
  isEarlier,
  type Kind,
  type Models,
  servicesOf,
} from '../../constructs/models.js';
import { resolveLogs } from '../../constructs/logging/model.js';
import { STORE_FILES } from '../../constructs/logging/store-files.js';
import { Rules } from '../../constructs/core/model.js';
import { resolveHttpRoute, resolveListener, resolveProxy, resolveTcpRoute } from '../../constructs/proxy/model.js';
import { renderProxyConfig, renderProxySecrets } from '../../constructs/proxy/render-config.js';
import { renderBackups, resolveBackups } from '../../constructs/redis/backups-model.js';
import { resolveRedis } from '../../constructs/redis/model.js';
import { NODE_FILES, SENTINEL_FILES } from '../../constructs/redis/render-config.js';
import { roleCheck } from '../../constructs/redis/tcp-targets.js';
import { synth } from '../support/synth.js';

const redis = resolveRedis('redis', { activeDefrag: true }).model;
const to = { service: 'redis', endpoint: 'redis', port: 6379, servers: ['redis-0', 'redis-1'] };
const { listener } = resolveListener('proxy', 'http', { port: 8080 }, new Map());
const models: { readonly [K in Kind]: Models[K] } = {
  redis,
  api: resolveApi('api', {}, redis).model,
  http: resolveHttp('api', {}).model,
  backups: resolveBackups('backups', {}, redis).model,
  logs: resolveLogs('logs', { flavour: 'elastic' }).model,
  proxy: {
    ...resolveProxy('proxy', 8404),
    http: [
      {
        ...listener,
        routes: [
          resolveHttpRoute(new Rules('http'), listener, '/py/', { ...to, service: 'py' }, { stripPrefix: true }),
          resolveHttpRoute(new Rules('http'), listener, '/', to, {}),
        ],
      },
    ],
    tcp: [
      resolveTcpRoute({ name: 'master', port: 1, role: 'master', to }, roleCheck('master', redis)),
      resolveTcpRoute({ name: 'replicas', port: 2, role: 'replica', to }, roleCheck('replica', redis)),
      resolveTcpRoute({ name: 'each', port: 3, role: 'any', to }, null),
    ],
  },
};

/** All that becomes of a model. Addresses are names, so that which one is asked for shows. */
const renderings: { readonly [K in Kind]: (model: Models[K]) => readonly string[] } = {
  redis: (model) => {
    const at = { node: (index: number) => `node-${index}`, sentinel: (index: number) => `sentinel-${index}` };
    return [...Object.values(NODE_FILES), ...Object.values(SENTINEL_FILES)].map((render) => render(model, at));
  },
  api: (model) => [JSON.stringify(renderSettings(model))],
  http: (model) => [JSON.stringify(renderEnvironment(model, 'own'))],
  backups: (model) => [renderBackups(model, '/password', (index) => `node-${index}`)],
  logs: (model) => Object.values(STORE_FILES).map((render) => render(model)),
  proxy: (model) => [
    renderProxyConfig(model, { own: 'own', server: (endpoint, server) => `${endpoint}/${server}` }),
    renderProxySecrets(model),
  ],
};

/** What shows in no file, and where it shows instead. Lists are written without numbers. */
const ELSEWHERE: { readonly [K in Kind]: Readonly<Record<string, string>> } = {
  redis: {
    name: 'services and secrets are called so',
    'nodes.service': 'the service is called so',
    'sentinels.service': 'the service is called so',
  },
  api: {
    name: 'the construct is called so',
    service: 'the service is called so',
    redis: 'refers to a model',
    durability: 'decides confirmedBy',
  },
  http: {
    name: 'the construct is called so',
    service: 'the service is called so',
    replicas: 'the service has so many instances',
  },
  backups: {
    name: 'the construct is called so',
    service: 'the service is called so',
    redis: 'refers to a model',
  },
  logs: {
    name: 'secrets begin with it',
    'services.store': 'the service is called so',
    'services.others': 'the services are called so',
    'users.secret': 'a file that is filled in on the machine',
  },
  proxy: {
    name: 'the construct is called so',
    service: 'the service is called so',
    'tcp.to.service': 'refers to a service',
  },
};

type Path = readonly (string | number)[];

/** Every value of a model that is no list and no record. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => leaves(one, [...path, index]));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, key]));
}

/** The same model with other values at a path: each gives a model. */
function changed(model: AnyModel, path: Path): AnyModel[] {
  const other = (value: unknown): readonly unknown[] => {
    if (typeof value === 'number') return [value + 1000];
    if (typeof value === 'boolean') return [!value];
    // Of the words that a setting may have, some are rendered alike.
    if (typeof value === 'string') return [`${value}x`, 'off', 'no', 'all', 'debian', 'any', 'replica'];
    return [{}];
  };
  return other(path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], model)).map((value) => {
    // Not a structured clone: it would keep parts that two routes share shared.
    const copy = JSON.parse(JSON.stringify(model)) as AnyModel;
    const owner = path.slice(0, -1).reduce<unknown>((one, key) => (one as Record<string, unknown>)[key], copy);
    (owner as Record<string, unknown>)[path.at(-1) ?? ''] = value;
    return copy;
  });
}

describe.each(Object.keys(models) as Kind[])('the model %s', (kind) => {
  const model = models[kind];
  const render = renderings[kind] as (model: AnyModel) => readonly string[];

  test('is plain data, without addresses', () => {
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
    expect(JSON.stringify(model)).not.toMatch(/\d+\.\d+\.\d+\.\d+|\{\{|docker|container/i);
  });

  test('shows in a file with each of its fields, or the field says where else', () => {
    const before = render(model).join('\0');
    const seen = leaves(model).map((path) => ({
      name: path.filter((key) => typeof key === 'string').join('.'),
      isSeen: changed(model, path).some((other) => safely(() => render(other).join('\0')) !== before),
    }));
    const unseen = new Set(seen.filter(({ isSeen }) => !isSeen).map(({ name }) => name));
    for (const { name, isSeen } of seen) if (isSeen) unseen.delete(name);
    expect([...unseen].filter((name) => name !== 'kind').sort()).toEqual(Object.keys(ELSEWHERE[kind]).sort());
  });
});

/** A model that cannot be rendered is seen as well. */
function safely(render: () => string): string {
  try {
    return render();
  } catch (error) {
    return String(error);
  }
}

test.each(['elastic', 'debian'] as const)('services that models describe exist, with logs in %s', (flavour) => {
  const { topology } = synth({ logs: { flavour }, backups: {} });
  const described = [...new Set((topology.models as readonly AnyModel[]).flatMap(servicesOf))];
  expect(topology.models.map(({ kind }) => kind)).toEqual(['api', 'backups', 'http', 'logs', 'proxy', 'redis']);
  expect(described.sort()).toEqual(topology.services.map(({ name }) => name).sort());
});

describe('a topology.json', () => {
  const { topology } = synth();
  const fix = 'Run `npm start`.';

  test('of this version is read', () => {
    expect(checkTopology(topology, 'it', fix)).toBe(topology);
    expect([isEarlier(topology), isEarlier({ ...topology, formatVersion: 2 })]).toEqual([false, true]);
  });

  test.each([
    [{ ...topology, formatVersion: 4 }, 'it is of another version of this project (got formatVersion 4): allowed is'],
    [{ ...topology, formatVersion: 1 }, 'it is of another version of this project (got formatVersion 1): allowed is'],
    [
      {},
      'it is of another version of this project (got no formatVersion): allowed is formatVersion 3. Run `npm start`.',
    ],
    ['2', 'it is of another version of this project (got no formatVersion)'],
    [{ ...topology, models: undefined }, 'a kind that is not known (got no kind)'],
    [
      { ...topology, models: [{ kind: 'mail' }] },
      '(got "mail"): allowed is api, backups, http, logs, proxy, redis. Run',
    ],
    [{ ...topology, models: [{ kind: 'toString' }, null] }, '2 problems:'],
  ])('of another is refused, with what it got, what is allowed and what to do: %#', (other, said) => {
    expect(() => checkTopology(other, 'it', fix)).toThrow(said);
  });
});
