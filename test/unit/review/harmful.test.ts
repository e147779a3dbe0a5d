import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderMarkdown } from '../../../cli/review/render/markdown.js';
import type { Level } from '../../../cli/review/level.js';
import { type Variant, Variants } from '../../support/variants.js';

interface Harmful extends Variant {
  readonly level: Level;
  /** In its `what`. */
  readonly says: string;
  /** File, and what its line holds; `base:` where the line is gone. */
  readonly at: readonly [path: string, text: string];
}

const DEV = 'environments/dev.ts';
const STACK = 'stacks/platform-stack.ts';
const REPLICATION = 'constructs/redis/redis-replication.ts';
const RUNTIME = 'constructs/runtime/docker/render.ts';
const WORKLOAD = 'constructs/runtime/describe-workload.ts';
const USERS = 'constructs/redis/users.ts';
const GRANT = 'constructs/redis/grant.ts';
const API = 'constructs/api/api-service.ts';
const HTTP = 'constructs/http/http-service.ts';
const HAPROXY = 'constructs/proxy/render-config.ts';
const MODEL = 'constructs/redis/model.ts';
const PERSISTENCE = 'constructs/redis/persistence.ts';
const PROXY = 'constructs/proxy/model.ts';
const API_MODEL = 'constructs/api/model.ts';

/** What changes besides and must not draw the attention away. */
const NOISE = [
  DEV,
  "  name: 'dev',\n",
  "  // Redis, replicas, ports, limits, image, maxMemory: nothing but a comment.\n  name: 'dev',\n",
] as const;

const variants: Harmful[] = [
  // Data
  {
    name: 'less room for data',
    edits: [NOISE, [DEV, "maxMemory: '128MiB'", "\n    maxMemory: '64MiB'"]],
    level: 'data',
    says: 'room for data shrinks: `128MiB` → `64MiB`',
    at: [DEV, 'maxMemory'],
  },
  {
    name: 'keys may be evicted',
    edits: [[DEV, "evictionPolicy: 'noeviction'", "\n    evictionPolicy: 'allkeys-lru'"]],
    level: 'data',
    says: '`noeviction` → `allkeys-lru`',
    at: [DEV, 'evictionPolicy'],
  },
  {
    name: 'eviction by default',
    edits: [
      [DEV, ", evictionPolicy: 'noeviction'", ''],
      [MODEL, "props.evictionPolicy ?? 'noeviction'", "props.evictionPolicy ?? 'allkeys-random'"],
    ],
    level: 'data',
    says: '`noeviction` → `allkeys-random`',
    at: [MODEL, "?? 'allkeys-random'"],
  },
  {
    name: 'answers before replicas have a write',
    edits: [[DEV, 'api: { replicas: 2 }', "api: {\n    replicas: 2,\n    durability: 'master',\n  }"]],
    level: 'data',
    says: 'writes are answered before as many replicas have them: `1` → `0`',
    at: [DEV, 'durability'],
  },
  {
    name: 'answers before replicas have a write, by default',
    edits: [[API_MODEL, "(replication.replicas > 0 ? 'replicated' : 'master')", "('master')"]],
    level: 'data',
    says: 'writes are answered before as many replicas have them: `1` → `0`',
    at: [API_MODEL, "props.durability ?? ('master')"],
  },
  {
    name: 'no append-only file',
    edits: [[DEV, 'sentinels: 3,', "sentinels: 3,\n    appendOnly: 'off',"]],
    level: 'data',
    says: 'the append-only file is off',
    at: [DEV, 'appendOnly'],
  },
  {
    name: 'a weaker fsync by default',
    edits: [
      [
        PERSISTENCE,
        'export const DEFAULT_APPEND_ONLY',
        '// A comment on fsync and appendOnly.\nexport const DEFAULT_APPEND_ONLY',
      ],
      [PERSISTENCE, "fsync: 'everysec'", "fsync: 'no'"],
    ],
    level: 'data',
    says: 'fsync `everysec` → `no`',
    at: [PERSISTENCE, "fsync: 'no'"],
  },
  {
    name: 'a save point fewer',
    edits: [[PERSISTENCE, '  { seconds: 900, changes: 1 },\n', '']],
    level: 'data',
    says: 'no longer after `1 changes in 900 s`',
    at: [`base:${PERSISTENCE}`, 'seconds: 900'],
  },
  {
    name: 'snapshots off',
    edits: [[DEV, 'sentinels: 3,', 'sentinels: 3,\n    savePoints: [],']],
    level: 'data',
    says: 'snapshots are off',
    at: [DEV, 'savePoints'],
  },
  {
    name: 'writes without a replica',
    edits: [[DEV, 'sentinels: 3,', 'sentinels: 3,\n    minReplicasToWrite: 0,']],
    level: 'data',
    says: 'writes need fewer replicas: `1` → `0`',
    at: [DEV, 'minReplicasToWrite'],
  },
  {
    name: 'a master without a lease',
    edits: [[DEV, 'sentinels: 3,', "sentinels: 3,\n    fencing: 'off',"]],
    level: 'data',
    says: 'fencing: `lease` → `off`',
    at: [DEV, 'fencing'],
  },
  {
    name: 'replicas that lag count',
    edits: [[MODEL, 'maxLagSeconds: 3,', 'maxLagSeconds: 30,']],
    level: 'data',
    says: '`3 s` → `30 s`',
    at: [MODEL, 'maxLagSeconds: 30'],
  },
  {
    name: 'data mounted elsewhere',
    edits: [
      [
        REPLICATION,
        "healthCheck: HealthCheck.command(['redis-node', 'health', 'node']),\n      limits: { memory: nodeMemory(Size.bytes(model.nodes.maxMemoryBytes)).container, ...props.limits },\n      volumes: [{ name: 'data', path: '/data' }]",
        "healthCheck: HealthCheck.command(['redis-node', 'health', 'node']),\n      limits: { memory: nodeMemory(Size.bytes(model.nodes.maxMemoryBytes)).container, ...props.limits },\n      volumes: [{ name: 'data', path: '/var/data' }]",
      ],
    ],
    level: 'data',
    says: '`/data` → `/var/data`',
    at: [REPLICATION, '/var/data'],
  },
  {
    name: 'a volume without an owner',
    edits: [
      [
        REPLICATION,
        "      volumes: [{ name: 'data', path: '/data' }],\n      logins: () => logins('node'",
        "      logins: () => logins('node'",
      ],
    ],
    level: 'data',
    says: '3 data volumes of `redis-0`, `redis-1`, `redis-2` lose their owner',
    at: [`base:${REPLICATION}`, 'volumes'],
  },
  {
    name: 'a volume with another name',
    edits: [
      [
        REPLICATION,
        "limits: { memory: Size.mebibytes(64), cpus: 0.5 },\n      volumes: [{ name: 'data'",
        "limits: { memory: Size.mebibytes(64), cpus: 0.5 },\n      volumes: [{ name: 'state'",
      ],
    ],
    level: 'data',
    says: '3 data volumes of `redis-sentinel-0`',
    at: [REPLICATION, "name: 'state'"],
  },
  {
    name: 'a replica fewer',
    edits: [[DEV, 'replicas: 2, sentinels: 3,', '\n    replicas: 1,\n    sentinels: 3,']],
    level: 'data',
    says: 'the data volume of `redis-2` loses its owner',
    at: [DEV, 'replicas: 1'],
  },
  {
    name: 'data in another folder',
    edits: [[MODEL, "dataFolder: '/data'", "dataFolder: '/tmp'"]],
    level: 'data',
    says: '`/data` → `/tmp`',
    at: [MODEL, "dataFolder: '/tmp'"],
  },
  {
    name: 'Redis under another name',
    edits: [
      [
        STACK,
        "new RedisReplication(this, 'redis', environment.redis)",
        "new RedisReplication(this, 'store', environment.redis)",
      ],
    ],
    level: 'data',
    says: '3 data volumes of `redis-0`, `redis-1`, `redis-2` lose their owner (renamed from `redis`)',
    at: [STACK, "'store'"],
  },
  // Exposure
  {
    name: 'a port that moves',
    edits: [[DEV, 'http: 8080,', 'http: 8081,']],
    level: 'exposure',
    says: '`127.0.0.1:8080` → `127.0.0.1:8081`',
    at: [DEV, 'http: 8081'],
  },
  {
    name: 'nodes published',
    edits: [[DEV, 'stats: 8404,', 'stats: 8404,\n      nodes: 16390,']],
    level: 'exposure',
    says: 'new published port `redis-node-2`: `127.0.0.1:16392`',
    at: [DEV, 'nodes: 16390'],
  },
  {
    name: 'ports for other machines',
    edits: [[WORKLOAD, 'address: deployment.publishAddress', "address: '0.0.0.0'"]],
    level: 'exposure',
    says: '`0.0.0.0:8080` to other machines',
    at: [WORKLOAD, "address: '0.0.0.0'"],
  },
  {
    name: 'a new rule',
    edits: [[STACK, "    proxy.listen('http'", "    redis.connections.allowTo(api.http);\n    proxy.listen('http'"]],
    level: 'exposure',
    says: 'new allow rule: `redis` may connect to `api-http:8080`',
    at: [STACK, 'redis.connections.allowTo(api.http)'],
  },
  {
    name: 'a service that listens everywhere',
    edits: [[HTTP, "listen: props.listen ?? 'own'", "listen: props.listen ?? 'all'"]],
    level: 'exposure',
    says: '`api-http` listens on every address',
    at: [HTTP, "?? 'all'"],
  },
  {
    name: 'a service that may now write',
    edits: [
      [STACK, "    proxy.listen('http'", "    redis.grant(proxy.service, 'readWrite');\n    proxy.listen('http'"],
    ],
    level: 'exposure',
    says: '`proxy`: may now read and write: `redis`',
    at: [STACK, "redis.grant(proxy.service, 'readWrite')"],
  },
  {
    name: 'a user that may do more',
    edits: [[USERS, '-@dangerous +info +role +wait', '-@dangerous +info +role +wait +flushall']],
    level: 'exposure',
    says: 'user `app` may do more: `+flushall`',
    at: [USERS, '+flushall'],
  },
  {
    name: 'a prohibition fewer',
    edits: [[USERS, '-@admin -@dangerous', '-@admin']],
    level: 'exposure',
    says: 'user `app` may do more: `no longer -@dangerous`',
    at: [USERS, '-@all ${commands} -@admin +info'],
  },
  {
    name: 'a user without a password',
    edits: [[USERS, "'resetchannels -@all +ping +role +info'", "'nopass resetchannels -@all +ping +role +info'"]],
    level: 'exposure',
    says: 'user `probe` may do more: `any password`',
    at: [USERS, 'nopass'],
  },
  {
    name: 'a new user',
    edits: [
      [
        USERS,
        "    /** The proxy's checks. */\n",
        "    backup: user('backup', '~* -@all +@read'),\n    /** The proxy's checks. */\n",
      ],
    ],
    level: 'exposure',
    says: 'user `backup` is new',
    at: [USERS, "'backup'"],
  },
  {
    name: 'a password in the code',
    edits: [
      [
        REPLICATION,
        'client.addFile(fileOf(user), () => user.secret.plain)',
        "client.addFile(fileOf(user), () => 'correct-horse')",
      ],
    ],
    level: 'exposure',
    says: '`/config/secrets/redis-api` no longer holds a secret',
    at: [REPLICATION, 'client.addFile(fileOf(user)'],
  },
  {
    name: 'a secret with another name',
    edits: [[USERS, 'secret: new Secret(`${prefix}-${name}`)', 'secret: new Secret(`${prefix}-user-${name}`)']],
    level: 'exposure',
    says: 'secrets are gone: `redis-admin`',
    at: [USERS, '-user-'],
  },
  {
    name: 'a writable root',
    edits: [
      [
        HTTP,
        '      stopTimeout: Duration',
        "      writableRoot: true,\n      exceptions: [{ policy: 'read-only-root', reason: 'writes a cache of its own', until: '2099-12-31' }],\n      stopTimeout: Duration",
      ],
    ],
    level: 'exposure',
    says: '`api`: its root file system is writable',
    at: [HTTP, 'writableRoot'],
  },
  {
    name: 'capabilities kept',
    edits: [[WORKLOAD, "drop: ['ALL'],", "drop: ['NET_RAW'],"]],
    level: 'exposure',
    says: '`api`, `elasticsearch`, `filebeat`, `kibana`, `logstash`, `proxy`, `redis` and `redis-sentinel`: it keeps capabilities of root',
    at: [WORKLOAD, "'NET_RAW'"],
  },
  {
    name: 'new privileges',
    edits: [[RUNTIME, '    securityOpts: [...service.securityOptions],\n', '']],
    level: 'exposure',
    says: '`api`, `elasticsearch`, `filebeat`, `kibana`, `logstash`, `proxy`, `redis` and `redis-sentinel`: its processes can gain privileges',
    at: [`base:${RUNTIME}`, 'securityOpts'],
  },
  {
    name: 'root',
    edits: [[WORKLOAD, 'user: service.user', 'user: 0']],
    level: 'exposure',
    says: '`api`, `elasticsearch`, `filebeat`, `kibana`, `logstash`, `proxy`, `redis` and `redis-sentinel`: it runs as root',
    at: [WORKLOAD, 'user: 0'],
  },
  {
    name: "the engine's socket",
    edits: [
      [
        RUNTIME,
        '      ...(seeder ? [{ fromContainer',
        "      { containerPath: '/run/docker.sock', hostPath: '/var/run/docker.sock' },\n      ...(seeder ? [{ fromContainer",
      ],
    ],
    level: 'exposure',
    says: '`api`, `elasticsearch`, `filebeat`, `kibana`, `logstash`, `proxy`, `redis` and `redis-sentinel`: it gets the engine’s socket',
    at: [RUNTIME, 'docker.sock'],
  },
  {
    name: 'scratch folders with programs',
    edits: [[WORKLOAD, 'rw,noexec,nosuid', 'rw,nosuid']],
    level: 'exposure',
    says: 'scratch folder `/tmp` without `noexec`',
    at: [WORKLOAD, 'rw,nosuid'],
  },
  {
    name: 'a way out',
    edits: [['constructs/core/endpoint.ts', 'internal: true }', 'internal: false }']],
    level: 'exposure',
    says: 'networks with a way out: `redis`, `redis-sentinel`, `api-http`, `elasticsearch`, `logstash` and `kibana`',
    at: ['constructs/core/endpoint.ts', 'internal: false'],
  },
  {
    name: 'masquerading',
    edits: [
      ['constructs/runtime/bridge-options.ts', "enable_ip_masquerade': 'false'", "enable_ip_masquerade': 'true'"],
    ],
    level: 'exposure',
    says: 'get a way out to the internet',
    at: ['constructs/runtime/bridge-options.ts', 'masquerade'],
  },
  {
    name: 'statistics for everybody',
    edits: [[PROXY, 'authenticated: true', 'authenticated: false']],
    level: 'exposure',
    says: '`frontend statistics`: `http-request auth` is gone',
    at: [PROXY, 'authenticated: false'],
  },
  {
    name: 'a proxy that listens everywhere',
    edits: [[PROXY, "listen: 'own',\n    clients: props", "listen: 'all',\n    clients: props"]],
    level: 'exposure',
    says: '`frontend http`: it listens on every address',
    at: [PROXY, "listen: 'all'"],
  },
  {
    name: 'a protection fewer in what renders a model',
    edits: [[HAPROXY, '    http-response del-header Server\n', '']],
    level: 'exposure',
    says: '`/config/haproxy.cfg` changed, and nothing that is known of `proxy` says why',
    at: [`base:${HAPROXY}`, 'del-header Server'],
  },
  {
    name: 'a protection fewer behind a change of the model',
    edits: [
      [HAPROXY, '    stats hide-version\n', ''],
      [DEV, 'sentinels: 3,', 'sentinels: 3,\n    replicas: 2,\n    minReplicasToWrite: 0,'],
      [DEV, 'replicas: 2, sentinels', 'sentinels'],
    ],
    level: 'exposure',
    says: '`/config/haproxy.cfg` changed, and nothing that is known of `proxy` says why',
    at: [`base:${HAPROXY}`, 'stats hide-version'],
  },
  // Availability
  {
    name: 'one Sentinel',
    edits: [[DEV, 'sentinels: 3,', '\n    sentinels: 1,']],
    level: 'availability',
    says: '`redis-sentinel`: fewer containers: `3` → `1`',
    at: [DEV, 'sentinels: 1'],
  },
  {
    name: 'another quorum',
    edits: [[DEV, 'sentinels: 3,', 'sentinels: 3,\n    quorum: 3,']],
    level: 'availability',
    says: '`2` → `3`',
    at: [DEV, 'quorum: 3'],
  },
  {
    name: 'another name for the master',
    edits: [[DEV, 'sentinels: 3,', "sentinels: 3,\n    masterName: 'main',"]],
    level: 'data',
    says: 'the master is called something else: `platform` → `main`',
    at: [DEV, "masterName: 'main'"],
  },
  {
    name: 'a late failover',
    edits: [[MODEL, 'props.downAfter ?? Duration.milliseconds(1500)', 'props.downAfter ?? Duration.seconds(30)']],
    level: 'availability',
    says: '`1500 ms` → `30000 ms`',
    at: [MODEL, 'props.downAfter'],
  },
  {
    name: 'less memory',
    edits: [[DEV, 'api: { replicas: 2 }', "api: {\n    replicas: 2,\n    limits: { memory: '64MiB' },\n  }"]],
    level: 'availability',
    says: '`api`: lower limits: memory `128MiB` → `64MiB`',
    at: [DEV, '64MiB'],
  },
  {
    name: 'one API container',
    edits: [[DEV, 'api: { replicas: 2 }', 'api: { replicas: 1 }']],
    level: 'availability',
    says: '`api`: fewer containers: `2` → `1`',
    at: [DEV, 'api: { replicas: 1'],
  },
  {
    name: 'no health check',
    edits: [[API, "HealthCheck.command(['api', 'healthcheck'])", "HealthCheck.none('it was slow')"]],
    level: 'availability',
    says: 'no health check any more (“it was slow”)',
    at: [API, "HealthCheck.none('it was slow')"],
  },
  {
    name: 'a patient health check',
    edits: [['constructs/core/health-check.ts', 'timing.retries ?? 3', 'timing.retries ?? 30']],
    level: 'availability',
    says: 'its health check is timed differently: `retries 3 → 30`',
    at: ['constructs/core/health-check.ts', '?? 30'],
  },
  {
    name: 'no time to hand over',
    edits: [[REPLICATION, 'stopTimeout: Duration.seconds(15)', 'stopTimeout: Duration.seconds(1)']],
    level: 'availability',
    says: 'time to stop: `15s` → `1s`',
    at: [REPLICATION, 'stopTimeout: Duration.seconds(1)'],
  },
  {
    name: 'another environment variable',
    edits: [
      [DEV, 'api: { replicas: 2 }', "api: {\n    replicas: 2,\n    environment: { API_TOKEN: 'correct-horse' },\n  }"],
    ],
    level: 'availability',
    says: '`api`: all 2 containers are replaced (`environment`)',
    at: [DEV, 'API_TOKEN'],
  },
  {
    name: 'unchecked servers',
    edits: [[PROXY, '    check,\n    maxConnections', '    check: null,\n    maxConnections']],
    level: 'availability',
    says: '`backend http`: servers are checked less',
    at: [PROXY, 'check: null'],
  },
  {
    name: 'other addresses',
    edits: [[DEV, "'10.213.0.0/20'", "'10.214.0.0/20'"]],
    level: 'data',
    says: 'all addresses change',
    at: [DEV, 'baseCidr'],
  },
  {
    name: 'a rule fewer',
    edits: [['constructs/proxy/targets.ts', '    this.service.connections.allowTo(endpoint);\n', '']],
    level: 'availability',
    says: '`proxy` may no longer connect to `redis-sentinel:26379`',
    at: ['base:constructs/proxy/targets.ts', 'allowTo(endpoint)'],
  },
  {
    name: 'the API under another name',
    edits: [[STACK, "new ApiService(this, 'api',", "new ApiService(this, 'shop',"]],
    level: 'availability',
    says: 'the service is renamed: `api` → `shop`',
    at: [STACK, "'shop'"],
  },
  {
    name: 'a password in an environment variable',
    edits: [[GRANT, 'REDIS_PASSWORD_FILE: at.passwordFile', "REDIS_PASSWORD_FILE: 'correct-horse'"]],
    level: 'other',
    says: 'environment: `REDIS_PASSWORD_FILE` `***` → `***`',
    at: [GRANT, 'REDIS_PASSWORD_FILE'],
  },
  // Image
  {
    name: 'an image of somebody else',
    edits: [
      [
        DEV,
        'api: { replicas: 2 }',
        "api: {\n    replicas: 2,\n    image: ContainerImage.fromRegistry('ghcr.io/acme/shop:1.4.2'),\n  }",
      ],
      [DEV, 'import type', "import { ContainerImage } from '../constructs/core/container-image.js';\nimport type"],
    ],
    level: 'image',
    says: '`images/api` → `ghcr.io/acme/shop:1.4.2`',
    at: [DEV, 'image: ContainerImage'],
  },
  {
    name: 'changed sources of an image',
    edits: [['images/api/internal/httpapi/items.go', 'package httpapi', '// Changed.\npackage httpapi']],
    level: 'image',
    says: '`api`: the image is built from changed sources in `images/api`',
    at: ['images/api/internal/httpapi/items.go', 'Changed.'],
  },
  {
    name: 'a changed foundation',
    edits: [['images/base/Dockerfile', 'FROM ', '# Changed.\nFROM ']],
    level: 'image',
    says: '`redis` and `redis-sentinel`: the image is built from changed sources',
    at: ['images/base/Dockerfile', 'Changed.'],
  },
  {
    name: 'a server that defragments, in an image of its own',
    edits: [[DEV, "evictionPolicy: 'noeviction'", "evictionPolicy: 'noeviction',\n    activeDefrag: true"]],
    level: 'image',
    says: '`redis`: another image, `images/redis` → `images/redis-defrag`',
    at: [DEV, 'activeDefrag: true'],
  },
  {
    name: 'another provider',
    edits: [['constructs/core/provider-version.mjs', "'4.6.0'", "'4.7.0'"]],
    level: 'image',
    says: 'another Terraform provider',
    at: ['constructs/core/provider-version.mjs', '4.7.0'],
  },
  // Cost
  {
    name: 'more API containers',
    edits: [[DEV, 'api: { replicas: 2 }', 'api: { replicas: 6 }']],
    level: 'cost',
    says: '`5504 MiB and 14.5 cores` → `6016 MiB and 18.5 cores`',
    at: [DEV, 'replicas: 6'],
  },
  // Other
  {
    name: 'another balance',
    edits: [[PROXY, "'leastconn' : 'first'", "'roundrobin' : 'first'"]],
    level: 'other',
    says: '`balance leastconn` → `balance roundrobin`',
    at: [PROXY, "'roundrobin' : 'first'"],
  },
  {
    name: 'another backlog',
    edits: [[MODEL, "'repl-backlog-size': '16mb'", "'repl-backlog-size': '1mb'"]],
    level: 'other',
    says: '`16mb` → `1mb`',
    at: [MODEL, 'repl-backlog-size'],
  },
];

describe('a harmful change is found at its level, with its line:', () => {
  let all: Variants;
  beforeAll(async () => {
    all = await Variants.of(variants);
  }, 240_000);
  afterAll(() => {
    all.remove();
  });

  test.each(variants.map((variant) => [variant.level, variant.name, variant] as const))(
    '%s: %s',
    async (level, _, variant) => {
      const review = await all.review(variant);
      const { findings } = review;
      const found = findings.filter(({ what }) => what.includes(variant.says));
      expect({ found, all: findings.map((finding) => `${finding.level}: ${finding.what}`) }).toMatchObject({
        found: [{ level }],
      });
      const [finding] = found;
      if (!finding) return;
      const [path, text] = variant.at;
      const side = finding.where?.side === 'base' ? 'base:' : '';
      expect([`${side}${finding.where?.path ?? 'nowhere'}`, all.textAt(variant, finding)]).toEqual([
        path,
        expect.stringContaining(text),
      ]);
      // Each finding has some line, and none shows what was written as a password.
      expect(findings.filter(({ where }) => where === null)).toEqual([]);
      expect(JSON.stringify(findings)).not.toContain('correct-horse');
      expect(renderMarkdown(review)).not.toContain('correct-horse');
    },
  );
});
