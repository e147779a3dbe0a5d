import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Variant, Variants } from '../../support/variants.js';

const DEV = 'environments/dev.ts';
const STACK = 'stacks/platform-stack.ts';
const REPLICATION = 'constructs/redis/redis-replication.ts';
const MODEL = 'constructs/redis/model.ts';

const variants: Variant[] = [
  {
    name: 'a comment in an environment',
    edits: [[DEV, 'export const dev', '// On purpose like this.\nexport const dev']],
  },
  {
    name: 'another word in a doc comment',
    edits: [[REPLICATION, 'A Redis master, its replicas', 'One Redis master, its replicas']],
  },
  {
    name: 'a comment about passwords',
    edits: [
      ['constructs/redis/users.ts', 'People and `npm run status`.', 'People: password in .platform, nopass never.'],
    ],
  },
  {
    name: 'settings in another order',
    edits: [
      [
        DEV,
        "replicas: 2, sentinels: 3, maxMemory: '128MiB', evictionPolicy: 'noeviction'",
        "evictionPolicy: 'noeviction', maxMemory: '128MiB', sentinels: 3, replicas: 2",
      ],
    ],
  },
  {
    name: 'sections in another order',
    edits: [
      [DEV, '  api: { replicas: 2 },\n', ''],
      [DEV, "  name: 'dev',\n", "  api: { replicas: 2 },\n  name: 'dev',\n"],
    ],
  },
  {
    name: 'another layout',
    edits: [[DEV, '{ replicas: 2, sentinels: 3,', '{\n    replicas: 2,\n\n    sentinels: 3,']],
  },
  { name: 'CRLF line ends', edits: [[DEV, "  name: 'dev',\n  network", "  name: 'dev',\r\n  network"]] },
  { name: 'a size in another unit', edits: [[DEV, "'128MiB'", "'131072KiB'"]] },
  {
    name: 'a duration in another unit',
    edits: [[REPLICATION, 'Duration.seconds(15)', 'Duration.milliseconds(15_000)']],
  },
  {
    name: 'defaults written out',
    edits: [
      [
        DEV,
        'sentinels: 3,',
        "sentinels: 3, quorum: 2, minReplicasToWrite: 1, downAfter: '1500ms', masterName: 'platform',",
      ],
    ],
  },
  {
    name: 'default save points written out',
    edits: [
      [
        DEV,
        'sentinels: 3,',
        'sentinels: 3, savePoints: [{ seconds: 900, changes: 1 }, { seconds: 300, changes: 10 }, { seconds: 60, changes: 10_000 }],',
      ],
    ],
  },
  {
    name: 'default limits written out',
    edits: [[DEV, 'api: { replicas: 2 }', "api: { replicas: 2, limits: { memory: '128MiB', cpus: 1 } }"]],
  },
  {
    name: 'routes in another order',
    edits: [
      [STACK, "    proxy.listen('http', { port: ports.http }).route('/', api.http, routing);\n", ''],
      [
        STACK,
        "    proxy.listenTcp('redis-master', { port: ports.redisMaster }, redis.master);\n",
        "    proxy.listenTcp('redis-master', { port: ports.redisMaster }, redis.master);\n    proxy.listen('http', { port: ports.http }).route('/', api.http, routing);\n",
      ],
    ],
  },
  {
    name: 'services in another order',
    edits: [
      [
        STACK,
        "    const proxy = new Proxy(this, 'proxy', { statsPort: ports.stats, ...(limits && { limits }) });\n",
        '',
      ],
      [
        STACK,
        '    const redis = new',
        "    const proxy = new Proxy(this, 'proxy', { statsPort: ports.stats, ...(limits && { limits }) });\n    const redis = new",
      ],
    ],
  },
  {
    name: 'files in another order',
    edits: [
      ['constructs/redis/render-config.ts', "  '/config/redis.conf': renderRedisConfig,\n", ''],
      [
        'constructs/redis/render-config.ts',
        "  '/config/node.json': renderNodeSupervisor,\n",
        "  '/config/node.json': renderNodeSupervisor,\n  '/config/redis.conf': renderRedisConfig,\n",
      ],
    ],
  },
  {
    name: 'environment variables in another order',
    edits: [
      ['constructs/redis/grant.ts', '    REDIS_USERNAME: client,\n', ''],
      [
        'constructs/redis/grant.ts',
        '    REDIS_SENTINEL_USERNAME: client,\n',
        '    REDIS_SENTINEL_USERNAME: client,\n    REDIS_USERNAME: client,\n',
      ],
    ],
  },
  {
    name: 'keys in another order',
    edits: [
      [
        'constructs/runtime/docker/render.ts',
        "{ 'max-size': service.output.maxSize, 'max-file': String(service.output.maxFiles) }",
        "{ 'max-file': String(service.output.maxFiles), 'max-size': service.output.maxSize }",
      ],
    ],
  },
  {
    name: 'networks in another order',
    edits: [
      [
        'constructs/core/memberships.ts',
        'return [...own, ...edge, ...joined];',
        'return [...joined, ...own, ...edge];',
      ],
    ],
  },
  {
    name: 'a rule said twice',
    edits: [[STACK, "    proxy.listen('http'", "    redis.grant(api.service, 'readWrite');\n    proxy.listen('http'"]],
  },
  {
    name: 'a variable with another name',
    edits: [
      [STACK, 'const redis = new RedisReplication', 'const store = new RedisReplication'],
      [STACK, '...environment.api, redis }', '...environment.api, redis: store }'],
      ...['master', 'replicasInSync', 'eachSentinel', 'eachNode'].map(
        (target) => [STACK, `redis.${target})`, `store.${target})`] as const,
      ),
    ],
  },
  {
    name: 'a number that became a constant',
    edits: [
      [MODEL, 'const FEWEST_FOR_LEASE', 'const SMALLEST_HA = 3;\nconst FEWEST_FOR_LEASE'],
      [MODEL, 'props.sentinels ?? 3', 'props.sentinels ?? SMALLEST_HA'],
    ],
  },
  {
    name: 'an equal rewrite of a function',
    edits: [
      [
        'constructs/runtime/describe-workload.ts',
        'const secret = secretsIn(text).length > 0;',
        'const { length: marks } = secretsIn(text);\n  const secret = marks > 0;',
      ],
    ],
  },
  {
    name: 'another error text',
    edits: [[MODEL, 'Use 3: an even number tolerates', 'Choose 3: an even number tolerates']],
  },
  {
    name: 'a change of another environment',
    edits: [['environments/test.ts', "maxMemory: '32MiB'", "maxMemory: '16MiB'"]],
  },
  {
    name: 'a stricter schema',
    edits: [
      [
        'environments/schema.ts',
        'limits: limits.optional(),\n  drain: duration(HTTP_SERVICE_RANGES.drain)',
        "limits: limits.optional(),\n  drain: duration(['0s', '9min'])",
      ],
    ],
  },
];

describe('a harmless change gives no finding:', () => {
  let all: Variants;
  beforeAll(async () => {
    all = await Variants.of(variants);
  });
  afterAll(() => {
    all.remove();
  });

  test.each(variants.map((variant) => [variant.name, variant] as const))('%s', async (_, variant) => {
    expect((await all.review(variant)).findings).toEqual([]);
  });
});
