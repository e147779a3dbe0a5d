import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { compare } from '../../cli/review/compare.js';
import { withoutOverlap } from '../../cli/rollout/overlap.js';
import { ApiService } from '../../constructs/api/api-service.js';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { HealthCheck } from '../../constructs/core/health-check.js';
import type { PlatformBase } from '../../constructs/platform-base.js';
import { Service } from '../../constructs/core/service.js';
import { Size } from '../../constructs/core/units.js';
import { LogStack } from '../../constructs/logging/log-stack.js';
import { Proxy } from '../../constructs/proxy/proxy.js';
import type { RedisGrantOptions as GrantOptions } from '../../constructs/redis/grant.js';
import { RedisReplication } from '../../constructs/redis/redis-replication.js';
import type { RedisAccess } from '../../constructs/redis/users.js';
import { renderMermaid } from '../../diagram/mermaid.js';
import { declarationOf } from '../support/declaration.js';
import { synth, type Synthesized, synthServices } from '../support/synth.js';
import { temporaryFolder, writeFiles } from '../support/temporary-folder.js';

/** The example of the README that has these words. */
const exampleWith = (words: string): string =>
  [
    ...readFileSync('README.md', 'utf8')
      .replaceAll('\r\n', '\n')
      .matchAll(/^```ts\n([^`]*)```$/gm),
  ]
    .map(([, text]) => text ?? '')
    .find((text) => text.includes(words)) ?? '';
const EXAMPLE = exampleWith('new RedisReplication');

/** The stack of the README, as it is written there; its worker's image is in no folder here. */
function readmeExample(stack: PlatformBase): void {
  const image = ContainerImage.fromRegistry('ghcr.io/acme/worker:1.4.2');
  const names = { RedisReplication, ApiService, Proxy, Service, HealthCheck, Size };
  const given = { ...names, ContainerImage: { fromDirectory: () => image } };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is our own text
  new Function(...Object.keys(given), EXAMPLE).call(stack, ...Object.values(given));
}

const fileOf = ({ topology }: Synthesized, service: string, path: string): string => {
  const files = topology.services.find(({ name }) => name === service)?.files;
  return files?.find((file) => file.path === path)?.text ?? '';
};
const lineOf = (text: string, user: string) => text.split('\n').filter((line) => line.startsWith(`user ${user} `));

describe("the README's worker", () => {
  const platform = synthServices(readmeExample);

  test('is a program that the compiler takes, with the HTTP service after it', () => {
    const all = EXAMPLE + exampleWith('new HttpService');
    expect(typeErrors(all)).toEqual([]);
    expect(typeErrors(all.replace("'readWrite'", "'write'"))).toEqual([expect.stringContaining('"write"')]);
    expect(typeErrors(all.replace('stripPrefix', 'strip'))).toEqual([expect.stringContaining("'strip'")]);
  }, 120_000);

  test('is a user of nodes and Sentinels, and everybody else is the same as without it', () => {
    const [nodes, sentinels] = [
      fileOf(platform, 'redis', '/config/users.acl'),
      fileOf(platform, 'redis-sentinel', '/config/sentinel-users.acl'),
    ];
    expect(lineOf(nodes, 'worker')).toEqual([
      'user worker on #{{sha256:redis-worker}} ~orders/* &orders/* -@all +@all -@admin -@dangerous +info +role +wait' +
        ' -rp.lease -rp.fence -rp.unfence -scan -randomkey -pubsub -client|tracking -function -script|flush',
    ]);
    expect(lineOf(sentinels, 'worker')).toEqual(
      lineOf(sentinels, 'app').map((line) => line.replaceAll(/\bapp\b/g, 'worker')),
    );
    const dev = synth();
    const without = (text: string) => text.split('\n').filter((line) => !line.startsWith('user worker '));
    expect(without(nodes)).toEqual(fileOf(dev, 'redis', '/config/users.acl').split('\n'));
    expect(without(sentinels)).toEqual(fileOf(dev, 'redis-sentinel', '/config/sentinel-users.acl').split('\n'));
  });

  test('is told all that it needs, without a secret, and its two passwords are secret files', () => {
    const { env } = platform.container('worker-0') as unknown as { env: string[] };
    expect(env).toContain('REDIS_USERNAME=worker');
    expect(env).toContain('REDIS_KEY_PREFIX=orders/');
    for (const name of ['redis-worker', 'redis-sentinel-worker']) {
      const path = `/config/secrets/${name}`;
      expect(env.filter((setting) => setting.endsWith(`=${path}`))).toHaveLength(1);
      expect(fileOf(platform, 'worker', path)).toBe(`{{secret:${name}}}`);
      expect(platform.topology.secrets).toContain(name);
    }
  });

  test('stands in topology.json with what it may do, and in the diagram', () => {
    expect(platform.topology.grants).toEqual([
      { client: 'api', kind: 'redis', target: 'redis', access: 'readWrite', prefix: null },
      { client: 'worker', kind: 'redis', target: 'redis', access: 'readWrite', prefix: 'orders/' },
    ]);
    expect(renderMermaid(platform.topology)).toContain('s_worker -->|":6379<br/>read and write orders/*"| s_redis\n');
    expect(renderMermaid(platform.topology)).toContain('s_api -->|":6379<br/>read and write"| s_redis\n');
  });
});

/** What the compiler says of an example in a stack. */
function typeErrors(example: string): string[] {
  const names = {
    ApiService: 'api/api-service',
    HttpService: 'http/http-service',
    ContainerImage: 'core/container-image',
    HealthCheck: 'core/health-check',
    PlatformBase: 'platform-base',
    Service: 'core/service',
    Size: 'core/units',
    Proxy: 'proxy/proxy',
    RedisReplication: 'redis/redis-replication',
  };
  const project = resolve().replaceAll('\\', '/');
  const imports = Object.entries(names).map(
    ([name, path]) => `import { ${name} } from ${JSON.stringify(`${project}/constructs/${path}.js`)};`,
  );
  const text = [...imports, 'export function stack(this: PlatformBase) {', example, '}'].join('\n');
  const folder = temporaryFolder('readme');
  writeFiles(folder, { 'example.ts': text });
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  const typeRoots = [join(project, 'node_modules', '@types')];
  const program = ts.createProgram([join(folder, 'example.ts')], { ...options, typeRoots, incremental: false });
  const source = program.getSourceFile(join(folder, 'example.ts'));
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('a service may', () => {
  const serviceOf = (stack: PlatformBase, name = 'worker') =>
    new Service(stack, name, {
      name,
      image: ContainerImage.fromRegistry('example.org/worker:1'),
      healthCheck: HealthCheck.command(['check']),
      replicas: 2,
    });

  test('call the API: it is told where that is, and is in no other network', () => {
    const { topology } = synthServices((stack) => {
      const redis = new RedisReplication(stack, 'redis');
      const worker = serviceOf(stack);
      const shop = new ApiService(stack, 'shop', { redis, replicas: 2 });
      for (let time = 0; time < 2; time++) shop.grant(worker, { settings: { HTTP_URLS: 'SHOP' } });
    });
    const [worker] = topology.services.filter(({ name }) => name === 'worker');
    const addresses = topology.services.find(({ name }) => name === 'shop')?.endpoints[0]?.addresses ?? [];
    expect(worker?.instances[1]?.environment).toEqual({
      SHOP: addresses.map((address) => `http://${address}:8080`).join(','),
    });
    expect(addresses).toHaveLength(2);
    expect(Object.keys(worker?.instances[0]?.networks ?? {})).toEqual(['shop-http']);
    expect(topology.grants).toContainEqual({
      client: 'worker',
      kind: 'http',
      target: 'shop',
      access: 'call',
      prefix: null,
    });
    expect(renderMermaid(topology)).toContain('s_worker -->|":8080<br/>call"| s_shop\n');
  });

  test.each(['elastic', 'debian'] as const)('read lines: it is a user of the store of its own, in %s', (flavour) => {
    const synthesized = synthServices((stack) => {
      const worker = serviceOf(stack);
      const logs = new LogStack(stack, 'logs', { flavour });
      for (let time = 0; time < 2; time++) logs.grant(worker);
      logs.collect(...stack.services);
    });
    const { topology } = synthesized;
    const { users } = JSON.parse(fileOf(synthesized, 'elasticsearch', '/config/es-node.json')) as { users: unknown[] };
    expect(users.at(-1)).toEqual({ name: 'worker', roles: ['reader'], passwordFile: '/config/secrets/worker' });
    expect(fileOf(synthesized, 'elasticsearch', '/config/secrets/worker')).toBe('{{secret:logs-worker}}');
    expect(fileOf(synthesized, 'worker', '/config/secrets/logs-worker')).toBe('{{secret:logs-worker}}');
    const [address] = topology.services.find(({ name }) => name === 'elasticsearch')?.endpoints[0]?.addresses ?? [];
    expect(topology.services.find(({ name }) => name === 'worker')?.instances[0]?.environment).toEqual({
      LOGS_URL: `http://${String(address)}:9200`,
      LOGS_INDEX: 'platform-logs-*',
      LOGS_USERNAME: 'worker',
      LOGS_PASSWORD_FILE: '/config/secrets/logs-worker',
    });
    expect(topology.grants).toEqual([{ client: 'worker', kind: 'logs', target: 'logs', access: 'read', prefix: null }]);
    // The platform serves its clients without the store, so a changed password stops nobody.
    expect(withoutOverlap(topology.secrets, topology)).toEqual([]);
    const without = synthServices((stack) => {
      serviceOf(stack);
      new LogStack(stack, 'logs', { flavour }).collect(...stack.services);
    });
    const found = compare(declarationOf(without), declarationOf(synthesized)).map(
      ({ level, what }) => `${level}: ${what}`,
    );
    expect(found).toContain('exposure: `worker`: may now read: `logs`');
    expect(found.filter((line) => /user `/.test(line))).toEqual([]);
    const lost = compare(declarationOf(synthesized), declarationOf(without)).map(({ what }) => what);
    expect(lost.filter((what) => /user `|secrets are gone/.test(what))).toEqual([]);
  });

  test('be called like no user of the store, and have no two settings in one', () => {
    expect(() =>
      synthServices((stack) => {
        const logs = new LogStack(stack, 'logs', { flavour: 'debian' });
        logs.grant(serviceOf(stack, 'shipper'), { settings: { LOGS_URL: 'LOGS_INDEX' } });
      }),
    ).toThrow(
      /^2 problems:\n- logs\.grant\(shipper\)\.client cannot be used \(got shipper\): allowed is .*users of logs[^]*\.settings cannot be used \(got LOGS_INDEX\)/,
    );
  });
});

describe('a review', () => {
  type Said = readonly [access: RedisAccess, options?: GrantOptions];
  const platform = (said?: Said, client = 'worker') =>
    declarationOf(
      synthServices((stack) => {
        const redis = new RedisReplication(stack, 'redis');
        const image = ContainerImage.fromRegistry('example.org/worker:1');
        const worker = new Service(stack, client, {
          name: client,
          image,
          healthCheck: HealthCheck.command(['check']),
        });
        worker.addEndpoint('http', { port: 80 });
        if (said) redis.grant(worker, ...said);
      }),
    );
  const reviewed = (before: Said | undefined, after: Said | undefined) =>
    compare(platform(before), platform(after)).filter(({ level }) => level === 'exposure' || level === 'other');
  /** About rights; what is told and connected to is the matter of others. */
  const said = (before: Said | undefined, after: Said | undefined) =>
    reviewed(before, after)
      .filter(({ what }) => !/allow rule|environment:|files:/.test(what))
      .map(({ level, what }) => `${level}: ${what}`);
  const worker = (level: string, what: string) => `${level}: \`worker\`: ${what}`;

  test.each<[string, Said | undefined, Said, string[]]>([
    [
      'new access to write',
      undefined,
      ['readWrite'],
      [
        worker('exposure', 'may now read and write: `redis`'),
        'other: new secrets: `redis-sentinel-worker` and `redis-worker`',
      ],
    ],
    [
      'new access to read',
      undefined,
      ['read', { prefix: 'a/' }],
      [
        worker('exposure', 'may now read a/*: `redis`'),
        'other: new secrets: `redis-sentinel-worker` and `redis-worker`',
      ],
    ],
    ['writing', ['read'], ['readWrite'], [worker('exposure', 'may now read and write: `redis`')]],
    [
      'a shorter prefix',
      ['read', { prefix: 'a/b/' }],
      ['read', { prefix: 'a/' }],
      [worker('exposure', 'the key prefix in `redis` was widened: `a/b/` → `a/`')],
    ],
    [
      'no prefix any more',
      ['read', { prefix: 'a/' }],
      ['read'],
      [worker('exposure', 'the key prefix in `redis` was widened: `a/` → `all keys`')],
    ],
    [
      'another prefix',
      ['read', { prefix: 'a/' }],
      ['read', { prefix: 'ab/' }],
      [worker('exposure', 'the key prefix in `redis` was changed to another: `a/` → `ab/`')],
    ],
    [
      'both at once',
      ['read', { prefix: 'a/' }],
      ['readWrite'],
      [
        worker('exposure', 'may now read and write: `redis`'),
        worker('exposure', 'the key prefix in `redis` was widened: `a/` → `all keys`'),
      ],
    ],
  ])('finds %s', (_, before, after, expected) => {
    expect(said(before, after)).toEqual(expected);
    expect(reviewed(before, after).filter(({ cause }) => cause.construct === undefined)).toEqual([]);
  });

  test.each<[string, Said, Said, string]>([
    ['only reading', ['readWrite'], ['read'], 'may now only read: `redis`'],
    ['a prefix', ['read'], ['read', { prefix: 'a/' }], 'the key prefix in `redis` was narrowed: `all keys` → `a/`'],
    [
      'a longer one',
      ['read', { prefix: 'a/' }],
      ['read', { prefix: 'a/b/' }],
      'the key prefix in `redis` was narrowed',
    ],
  ])('has no word of danger for %s', (_, before, after, what) => {
    expect(said(before, after)).toEqual([worker('other', '')].map((start) => expect.stringContaining(start + what)));
  });

  test('says who lost access, and nothing of users and secrets that are gone with it', () => {
    const lost = compare(platform(['read']), platform()).map(({ level, what }) => `${level}: ${what}`);
    expect(lost).toContain(worker('availability', 'may no longer use `redis`'));
    expect(lost.filter((line) => /user `|secrets are gone/.test(line))).toEqual([]);
  });

  test('knows a service again under another name', () => {
    const renamed = compare(platform(['read']), platform(['read'], 'jobs')).map(({ what }) => what);
    expect(renamed).toContainEqual(expect.stringContaining('the service is renamed: `worker` → `jobs`'));
    expect(renamed.filter((what) => /may now|no longer use|user `/.test(what))).toEqual([]);
  });

  test('takes a base without grants for one where nobody had any', () => {
    const { text, topologyText } = synthServices(readmeExample);
    const { grants, ...old } = JSON.parse(topologyText) as Record<string, unknown>;
    const before = declarationOf({ text, topologyText: JSON.stringify(old) });
    const found = compare(before, declarationOf({ text, topologyText }));
    expect(found.map(({ level, what }) => `${level}: ${what}`).sort()).toEqual([
      'exposure: `api`: may now read and write: `redis`',
      'exposure: `worker`: may now read and write orders/*: `redis`',
    ]);
    expect(grants).toHaveLength(2);
  });
});
