import { describe, expect, test } from '@jest/globals';
import { planWaves } from '../../cli/rollout/waves.js';
import { declaredFacts } from '../../cli/doctor/gather-start.js';
import { describeOutputs, type Outputs } from '../../cli/outputs.js';
import { compare } from '../../cli/review/compare.js';
import { adminSecret, namesByAddress, redisServices } from '../../cli/status/addresses.js';
import { describeBackends } from '../../cli/status/backends.js';
import { ApiService } from '../../constructs/api/api-service.js';
import { Size } from '../../constructs/core/units.js';
import { LogStack } from '../../constructs/logging/log-stack.js';
import type { Output } from '../../constructs/core/output.js';
import { modelsOf } from '../../constructs/models.js';
import { Proxy } from '../../constructs/proxy/proxy.js';
import { RedisReplication } from '../../constructs/redis/redis-replication.js';
import { ScheduledBackups } from '../../constructs/redis/scheduled-backups.js';
import { portSetting } from '../../environments/port-setting.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { judge } from '../../policies/judge/judge.js';
import { subjectFromProgram } from '../../policies/judge/resources.js';
import { declarationOf } from '../support/declaration.js';
import { DAY, type Synthesized, synthServices } from '../support/synth.js';

/** The platform with other ids than the stack's, by what it is made of. */
function synthNamed(
  ids: Record<'redis' | 'api' | 'proxy' | 'logs' | 'backups', string>,
  maxMemory = Size.mebibytes(64),
): { readonly synthesized: Synthesized; readonly clients: Outputs } {
  const synthesized = synthServices((stack) => {
    const redis = new RedisReplication(stack, ids.redis, { maxMemory });
    const api = new ApiService(stack, ids.api, { redis });
    const proxy = new Proxy(stack, ids.proxy);
    new ScheduledBackups(stack, ids.backups, { redis });
    const logs = new LogStack(stack, ids.logs, { flavour: 'elastic' });
    proxy.listen('shop', { port: 8080 }).route('/', api.http);
    proxy.listen('lines', { port: 9200 }).route('/', logs.store);
    proxy.listenTcp('redis-master', { port: 6379 }, redis.master);
    proxy.listenTcp('redis-replicas', { port: 6380 }, redis.replicasInSync);
    proxy.listenTcp('sentinel', { port: 26379 }, redis.eachSentinel);
    proxy.listenTcp('redis-node', { port: 16390 }, redis.eachNode);
    logs.collect(...stack.services);
  });
  const list = synthesized.terraform.output?.['clients']?.value as Output[];
  const clients = describeOutputs(
    list.map((output) => ({ ...output, password: null, passwordFile: output.secret ?? null })),
  );
  if (!clients) throw new Error('nothing was declared');
  return { synthesized, clients };
}

const usual = { redis: 'redis', api: 'api', proxy: 'proxy', logs: 'logs', backups: 'backups' };
const other = { redis: 'cache', api: 'shop', proxy: 'edge', logs: 'lines', backups: 'nightly' };
const { synthesized, clients } = synthNamed(other);
const { topology } = synthesized;

describe('with other ids for all constructs', () => {
  test('models are found by kind, and what they describe by reference', () => {
    const services = redisServices(topology);
    expect([services?.nodes.name, services?.sentinels.name]).toEqual(['cache', 'cache-sentinel']);
    const [admin, sentinelAdmin] = [services?.model.nodes.users ?? [], services?.model.sentinels.users ?? []].map(
      adminSecret,
    );
    expect([admin, sentinelAdmin]).toEqual(['cache-admin', 'cache-sentinel-admin']);
    expect(modelsOf(topology, 'proxy').map(({ statistics }) => statistics.secret)).toEqual(['edge-stats']);
    expect(modelsOf(topology, 'backups')).toMatchObject([{ service: 'cache-nightly', redis: 'cache' }]);
    const secrets = new Set(topology.secrets);
    expect([admin, sentinelAdmin, 'edge-stats'].every((name) => name !== undefined && secrets.has(name))).toBe(true);
  });

  test('clients are told the same', () => {
    const same = synthNamed(usual).clients;
    const { natMap } = clients.redis;
    expect({ ...clients, list: [], passwordFiles: null, redis: { ...clients.redis, natMap: null } }).toEqual({
      ...same,
      list: [],
      passwordFiles: null,
      redis: { ...same.redis, natMap: null },
    });
    expect(Object.values(natMap)).toEqual(Object.values(same.redis.natMap));
    expect(namesByAddress(topology, natMap).get(Object.keys(natMap).at(-1)?.split(':')[0] ?? '')).toBe('cache-2');
  });

  test('the proxy is asked for one master, and says which setting a port comes from', () => {
    const [proxy] = modelsOf(topology, 'proxy');
    if (!proxy) throw new Error('there is no proxy');
    const up = (backend: string, server: string, status = 'UP') => ({ backend, server, status, check: '', seconds: 1 });
    const lines = [
      ...[...proxy.http.flatMap(({ routes }) => routes), ...proxy.tcp.filter(({ role }) => role === 'any')].flatMap(
        ({ name, to }) => to.servers.map((server) => up(name, server)),
      ),
      ...['cache-0', 'cache-1', 'cache-2'].map((name, index) => up('redis-master', name, index === 0 ? 'UP' : 'DOWN')),
      ...['cache-0', 'cache-1', 'cache-2'].map((name, index) => up('redis-replicas', name, index > 0 ? 'UP' : 'DOWN')),
    ];
    expect(describeBackends(lines, proxy).findings).toEqual([]);
    const settings = ['redis-master', 'redis-replicas', 'sentinel-1', 'redis-node-1', 'shop'];
    expect(settings.map((name) => portSetting(topology, name))).toEqual([
      'redisMaster',
      'redisReplicas',
      'sentinels',
      'nodes',
      'shop',
    ]);
  });

  test('a change goes in the same order', () => {
    const replaced = topology.services.flatMap(({ name: service, instances }) =>
      instances.map(({ name }) => ({
        address: `docker_container.${name}`,
        action: 'replace' as const,
        kind: 'container' as const,
        name,
        service,
        instance: name,
        secretsDiffer: false,
      })),
    );
    const waves = planWaves(replaced, topology, { master: 'cache-1', unwell: new Set() });
    expect(waves.map(({ kind }) => kind)).toEqual([
      'sentinel',
      'sentinel',
      'sentinel',
      'node',
      'node',
      'master',
      'service',
      'service',
      'entrance',
      'rest',
    ]);
  });

  test('disks are counted, and policies judge the same', () => {
    expect(declaredFacts(topology)).toMatchObject({
      logs: 'elastic',
      diskBytes: 3 * 4 * 64 * 1024 ** 2 + 2 * 1024 ** 3,
    });
    const subject = subjectFromProgram({ ...topology, environment: 'prod' }, JSON.parse(synthesized.text));
    expect(
      judge(subject, discoverPolicies(), DAY).violations.map(({ subject: who, what }) => `${who}: ${what}`),
    ).toEqual([0, 1, 2].map((index) => `edge: it publishes redis-node-${index}, past the way to the master`));
  });

  test('a review finds what changed', () => {
    const less = synthNamed(other, Size.mebibytes(32)).synthesized;
    const findings = compare(declarationOf(synthesized), declarationOf(less));
    const found = findings.map(({ level, what }) => `${level}: ${what}`);
    // By which the environment's line is found.
    const sections = findings.filter(({ subject }) => subject === 'cache').map(({ cause }) => cause.section);
    expect([...new Set(sections)]).toEqual(['redis']);
    expect(found).toContain('data: `cache`: room for data shrinks: `64MiB` → `32MiB`');
    expect(found.filter((line) => line.startsWith('exposure'))).toEqual([]);
    expect(compare(declarationOf(synthesized), declarationOf(synthesized))).toEqual([]);
  });
});
