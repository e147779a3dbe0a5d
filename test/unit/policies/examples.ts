import type { Topology } from '../../../constructs/core/topology.js';
import { type Kind, type Models, modelsOf } from '../../../constructs/models.js';
import type { Draft } from '../../support/policies.js';
import type { Change } from '../../support/synth.js';

/** Something that breaks one policy. */
export interface Example {
  readonly name: string;
  /** What is declared otherwise than in `prod`. */
  readonly given?: Change;
  /** What is changed past the constructs, as `addOverride` and own resources do. */
  readonly change?: (program: Draft) => void;
  /** What is changed in the models. */
  readonly alter?: (topology: Topology) => void;
  /** How the finding begins: subject, then what is wrong. */
  readonly found: string;
  /** Other policies that it breaks too. */
  readonly also?: readonly string[];
}

/** An override of one container of the API. */
const set = (found: string, attribute: string, value: unknown, also: readonly string[] = []): Example => ({
  name: `${attribute} = ${JSON.stringify(value)}`,
  change: (program) => {
    container(program)[attribute] = value;
  },
  found: `api: ${found}`,
  also,
});
const setting = (found: string, text: string): Example => ({
  name: `the setting ${text.slice(0, 24)}`,
  change: (program) => {
    container(program)['env'] = [text];
  },
  found: `api: ${found}`,
});
/** A resource that no construct made. */
const own = (type: string, found: string, values: Record<string, unknown>, also: readonly string[] = []): Example => ({
  name: `an own ${type}`,
  change: (program) => {
    program.resource[type] = { ...program.resource[type], own: { name: 'own', ...values } };
  },
  found,
  also,
});
/** The text of a file that a seeder holds. */
const edit = (
  seeder: string,
  path: string,
  from: RegExp,
  to: string,
  found: string,
  also: readonly string[] = [],
): Example => ({
  name: `${path} with ${to.trim()}`,
  change: (program) => {
    const uploads = program.resource['docker_container']?.[seeder]?.['upload'] as { file: string; content?: string }[];
    const file = uploads.find((upload) => upload.file === path);
    if (!file?.content || !from.test(file.content)) throw new Error(`${path} does not say ${String(from)}`);
    file.content = file.content.replace(from, to);
  },
  found,
  also,
});

/** A model that no properties come to: constructs refuse them before. */
const model = <K extends Kind>(kind: K, alter: (model: Models[K]) => void, found: string): Example => ({
  name: `a model: ${found}`,
  alter: (topology) => {
    modelsOf(topology, kind).forEach(alter);
  },
  found,
});
const quorum = (quorum: number): Example =>
  model('redis', ({ sentinels }) => Object.assign(sentinels, { quorum }), `redis-sentinel: its quorum is ${quorum}`);

function container(program: Draft): Record<string, unknown> {
  const found = program.resource['docker_container']?.['api-service-0'];
  if (!found) throw new Error('there is no api-service-0');
  return found;
}

const BARE = [
  'drop-capabilities',
  'health-check',
  'limits',
  'no-new-privileges',
  'no-way-out',
  'non-root',
  'read-only-root',
];

/** For each file of `policies/`, by its name: what it must find. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  'append-only': [
    { name: 'turned off', given: { redis: { appendOnly: 'off' } }, found: 'redis: its append-only file is off' },
    {
      name: 'left to the kernel',
      given: { redis: { appendOnly: { fsync: 'no', rewritePercentage: 100, rewriteMinSize: '64MiB' } } },
      found: 'redis: when its append-only file',
    },
  ],
  'declared-files': [
    edit(
      'redis-node-seeder',
      '/config/redis.conf',
      /^appendonly yes$/m,
      'appendonly no',
      'redis: /config/redis.conf is',
    ),
    edit('redis-sentinel-seeder', '/config/sentinel.conf', / 2$/m, ' 1', 'redis-sentinel: /config/sentinel.conf is'),
    edit(
      'proxy-service-seeder',
      '/config/haproxy.cfg',
      /bind 10\.[.\d]+:\d+/,
      'bind 0.0.0.0:8080',
      'proxy: /config/haproxy',
    ),
  ],
  'drop-capabilities': [
    set('it adds the capability SYS_ADMIN', 'capabilities', { drop: ['ALL'], add: ['SYS_ADMIN'] }),
    set('it does not drop ALL', 'capabilities', { drop: ['NET_RAW'] }),
    set('it does not drop ALL', 'capabilities', undefined),
  ],
  'health-check': [
    set('it has no health check', 'healthcheck', { test: ['NONE'] }, []),
    set('it has no health check', 'healthcheck', undefined),
  ].map((example) => ({
    ...example,
    // The API is asked by the proxy too, so that one must be taken away as well.
    change: (program: Draft) => {
      example.change?.(program);
      container(program)['networks_advanced'] = [{ name: '${docker_network.network-redis.name}' }];
    },
  })),
  'judged-resources': [
    own('docker_service', 'docker_service.own: policies cannot look', {}),
    own('terraform_data', 'terraform_data.own: policies cannot look', {}),
  ],
  limits: [
    set('its memory has no limit', 'memory', 0),
    set('its memory has no limit', 'memory', undefined),
    set('it may swap', 'memory_swap', -1),
    set('it may swap', 'memory_swap', undefined),
    set('its processors', 'cpus', undefined),
    set('its processes', 'ulimit', []),
  ],
  'loopback-only': [
    set('it publishes port 80 on 0.0.0.0', 'ports', [{ internal: 80, external: 80, ip: '0.0.0.0' }]),
    set('it publishes port 80 on 0.0.0.0', 'ports', [{ internal: 80, external: 80 }]),
    set('it publishes port 80 on ::', 'ports', [{ internal: 80, external: 80, ip: '::' }]),
    set('it publishes every port', 'publish_all_ports', true),
    {
      name: 'another address than the declared one',
      given: { network: { publishOn: { address: '192.168.1.10', reason: 'the office reaches it there' } } },
      change: (program) => {
        container(program)['ports'] = [{ internal: 80, external: 80, ip: '192.168.1.11' }];
      },
      found: 'api: it publishes port 80 on 192.168.1.11',
    },
  ],
  'no-debug-endpoints': [
    {
      name: 'published nodes',
      given: { proxy: { ports: { nodes: 15390 } } },
      found: 'proxy: it publishes redis-node-0',
    },
    {
      name: 'a log level',
      given: { api: { environment: { LOG_LEVEL: 'debug' } } },
      found: 'api: its setting LOG_LEVEL',
    },
    setting('its setting DEBUG', 'DEBUG=*'),
    setting('its setting NODE_OPTIONS', 'NODE_OPTIONS=--inspect=0.0.0.0'),
    setting('its setting NODE_ENV', 'NODE_ENV=development'),
    setting('its setting JAVA_TOOL_OPTIONS', 'JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket'),
    set('its command opens', 'command', ['api', '--pprof']),
    model(
      'redis',
      ({ nodes }) => {
        Object.assign(nodes.directives, { loglevel: 'debug' });
      },
      'redis: redis.conf says: loglevel debug',
    ),
  ],
  'no-docker-socket': [
    set(
      "it can reach the engine's socket",
      'volumes',
      [{ host_path: '/var/run/docker.sock', container_path: '/s' }],
      ['no-host-mounts'],
    ),
    set(
      "it can reach the engine's socket",
      'volumes',
      [{ host_path: '/run', container_path: '/run' }],
      ['no-host-mounts'],
    ),
    set(
      "it can reach the engine's socket",
      'mounts',
      [{ type: 'npipe', source: '\\\\.\\pipe\\docker_engine', target: '/s' }],
      ['no-host-mounts'],
    ),
    setting('it is told where the engine is', 'DOCKER_HOST=tcp://10.0.0.1:2375'),
  ],
  'no-host-mounts': [
    set("it mounts the host's /srv/data", 'volumes', [{ host_path: '/srv/data', container_path: '/data' }]),
    set("it mounts the host's C:\\data", 'volumes', [{ volume_name: 'C:\\data', container_path: '/data' }]),
    set("it mounts the host's /srv/data", 'mounts', [{ type: 'bind', source: '/srv/data', target: '/data' }]),
    own('docker_volume', "own: the volume is the host's /srv", {
      driver_opts: { type: 'none', o: 'bind', device: '/srv' },
    }),
  ],
  'no-host-namespaces': [
    set('its network namespace', 'network_mode', 'host', ['no-way-out']),
    set('its network namespace', 'network_mode', 'container:other', ['no-way-out']),
    set('its pid namespace', 'pid_mode', 'host'),
    set('its ipc namespace', 'ipc_mode', 'host'),
    set('its userns namespace', 'userns_mode', 'host'),
    set('its cgroupns namespace', 'cgroupns_mode', 'host'),
  ],
  'no-new-privileges': [
    set('its processes may gain', 'security_opts', undefined),
    set('its processes may gain', 'security_opts', ['no-new-privileges:false']),
  ],
  'no-plain-secrets': [
    setting('its setting SHOP_PASSWORD looks like a secret: its name', 'SHOP_PASSWORD=swordfish'),
    setting('its setting AWS looks like a secret: an AWS', ['AWS=AKIA', 'IOSFODNN7EXAMPLE'].join('')),
    setting('its setting CACHE looks like a secret: an address', 'CACHE=redis://app:swordfish@redis:6379'),
    setting('its setting BLOB looks like a secret: it is long', 'BLOB=q8Zr1VxT0mB7kLp3WnYc5DfGh2JsAe'),
    set('its label shop.token looks', 'labels', [
      { label: 'redis-platform.service', value: 'api' },
      { label: 'shop.token', value: 'swordfish' },
    ]),
    set('its option --requirepass looks', 'command', ['redis-server', '--requirepass', 'swordfish']),
    set('its option --token looks', 'entrypoint', ['shop', '--token=swordfish']),
    edit('proxy-service-seeder', '/config/haproxy.cfg', /^/, '# -----BEGIN RSA PRIVATE KEY-----\n', 'proxy: its file', [
      'declared-files',
    ]),
  ],
  'no-privileged': [
    set('it is privileged', 'privileged', true),
    set('it is privileged', 'privileged', '${true}'),
    set('it gets a device', 'devices', [{ host_path: '/dev/kvm' }]),
    set('it gets a device', 'gpus', 'all'),
    set('it runs with seccomp=unconfined', 'security_opts', ['no-new-privileges:true', 'seccomp=unconfined']),
  ],
  'no-way-out': [
    set("it is on the engine's own network", 'networks_advanced', []),
    set('it joins bridge', 'networks_advanced', [{ name: 'bridge' }]),
    {
      name: 'a network with a way out',
      change: (program) => {
        Object.assign(program.resource['docker_network']?.['network-redis'] ?? {}, { internal: false });
      },
      found: 'api: it joins rp-prod-redis, which leads out',
    },
    {
      name: 'an edge that masquerades',
      change: (program) => {
        Object.assign(program.resource['docker_network']?.['network-edge'] ?? {}, { options: {} });
      },
      found: 'proxy: it joins rp-prod-edge, which leads out',
    },
  ],
  'non-root': [
    set('it runs as 0:0', 'user', '0:0'),
    set('it runs as 10001:0', 'user', '10001:0'),
    set('it runs as root', 'user', 'root'),
    set('it runs as whatever', 'user', undefined),
    set('it is in the group docker', 'group_add', ['docker']),
  ],
  'pinned-images': [
    set('its image is not pinned: redis:latest', 'image', 'redis:latest'),
    set('its image is not pinned: redis', 'image', 'redis'),
    own('docker_container', 'own: its image is not pinned: shop', { image: 'shop' }, BARE),
  ],
  'quorum-majority': [quorum(1), quorum(4)],
  'read-only-root': [
    set('its root file system is writable', 'read_only', false),
    set('its root file system is writable', 'read_only', undefined),
  ],
  redundancy: [
    { name: 'no replica', given: { redis: { replicas: 0 } }, found: 'redis: it has 0 replicas' },
    { name: 'one Sentinel', given: { redis: { sentinels: 1 } }, found: 'redis: 1 Sentinels watch it' },
  ],
};
