import type { Topology, TopologyService } from '../../constructs/core/topology.js';

/** A service as tests about pictures need it; what they do not look at is left out. */
export interface Sketch {
  readonly name: string;
  readonly instances?: number;
  /** Endpoints by name. */
  readonly endpoints?: Readonly<Record<string, number>>;
  /** Mount paths by volume; a name with `/` is another service's volume: `redis-0/logs`. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Names of endpoints. */
  readonly reaches?: readonly string[];
  /** Host ports by name. */
  readonly publishes?: Readonly<Record<string, number>>;
}

/** A topology from a few words. */
export function sketchTopology(sketches: readonly Sketch[]): Topology {
  const endpoints = sketches.flatMap(({ name, endpoints = {} }) =>
    Object.entries(endpoints).map(([endpoint, port]) => ({ owner: name, endpoint, port })),
  );
  return {
    formatVersion: 3,
    models: [],
    environment: 'sketch',
    deployment: 'sketch',
    baseCidr: '10.213.0.0/20',
    publishOn: null,
    exceptions: [],
    networks: endpoints.map(({ endpoint }, slot) => ({
      name: endpoint,
      resource: `rp-sketch-${endpoint}`,
      slot,
      subnet: `10.213.${slot}.0/25`,
      internal: true,
    })),
    services: sketches.map(describe),
    allowed: sketches.flatMap(({ name, reaches = [] }) => [
      ...endpoints
        .filter(({ owner }) => owner === name)
        .map(({ endpoint, port }) => ({ from: name, to: endpoint, port, because: 'same service' as const })),
      ...endpoints
        .filter(({ endpoint }) => reaches.includes(endpoint))
        .map(({ endpoint, port }) => ({ from: name, to: endpoint, port, because: 'declared' as const })),
    ]),
    published: sketches.flatMap(({ name: service, publishes = {} }) =>
      Object.entries(publishes).map(([name, hostPort]) => ({
        name,
        service,
        address: '127.0.0.1' as const,
        hostPort,
        containerPort: hostPort,
      })),
    ),
    secrets: [],
    grants: [],
  };
}

function describe({ name, instances = 1, endpoints = {}, volumes = {} }: Sketch): TopologyService {
  return {
    name,
    path: `sketch/${name}`,
    image: { kind: 'directory', from: `images/${name}`, reference: `redis-platform.invalid/${name}:000000000000` },
    command: null,
    instances: Array.from({ length: instances }, (_, index) => ({
      name: `${name}-${index}`,
      container: `rp-sketch-${name}-${index}`,
      environment: {},
      networks: {},
      volumes: Object.entries(volumes).map(([volume, path]) =>
        volume.includes('/')
          ? { name: `rp-sketch-${volume.replace('/', '-')}`, path, readOnly: true }
          : { name: `rp-sketch-${name}-${index}-${volume}`, path, readOnly: false },
      ),
    })),
    seeder: null,
    endpoints: Object.entries(endpoints).map(([endpoint, port]) => ({
      name: endpoint,
      port,
      listen: 'own',
      addresses: [],
    })),
    limits: { memory: '128MiB', cpus: 1, processes: 4096 },
    healthCheck: { command: null, reason: null },
    user: 10001,
    supporting: false,
    stopTimeout: '10s',
    loosened: [],
    files: [],
    reload: null,
    logins: null,
  };
}

/** The same topology with each list the other way round. */
export function turned(topology: Topology): Topology {
  return {
    ...topology,
    services: topology.services.toReversed(),
    allowed: topology.allowed.toReversed(),
    published: topology.published.toReversed(),
    networks: topology.networks.toReversed(),
  };
}

/** Twelve services, as a platform with a log stack and metrics has them. */
export const LARGE: readonly Sketch[] = [
  {
    name: 'proxy',
    volumes: { logs: '/var/log/app' },
    reaches: ['api-http', 'redis', 'redis-sentinel', 'kibana-http', 'prometheus-http', 'grafana-http'],
    publishes: {
      http: 8080,
      stats: 8404,
      kibana: 5601,
      prometheus: 9090,
      grafana: 3000,
      'redis-master': 6379,
      'redis-replicas': 6380,
      'sentinel-0': 26379,
      'sentinel-1': 26380,
      'sentinel-2': 26381,
    },
  },
  {
    name: 'api',
    instances: 2,
    endpoints: { 'api-http': 8080 },
    volumes: { logs: '/var/log/app' },
    reaches: ['redis', 'redis-sentinel'],
  },
  {
    name: 'redis',
    instances: 3,
    endpoints: { redis: 6379 },
    volumes: { data: '/data', logs: '/var/log/app' },
    reaches: ['redis-sentinel'],
  },
  {
    name: 'redis-sentinel',
    instances: 3,
    endpoints: { 'redis-sentinel': 26379 },
    volumes: { data: '/data', logs: '/var/log/app' },
    reaches: ['redis'],
  },
  {
    name: 'filebeat',
    volumes: {
      registry: '/data',
      'proxy-0/logs': '/logs/proxy-0',
      'api-0/logs': '/logs/api-0',
      'api-1/logs': '/logs/api-1',
      'redis-0/logs': '/logs/redis-0',
      'redis-1/logs': '/logs/redis-1',
      'redis-2/logs': '/logs/redis-2',
      'redis-sentinel-0/logs': '/logs/redis-sentinel-0',
      'redis-sentinel-1/logs': '/logs/redis-sentinel-1',
      'redis-sentinel-2/logs': '/logs/redis-sentinel-2',
    },
    reaches: ['logstash-beats'],
  },
  { name: 'logstash', endpoints: { 'logstash-beats': 5044 }, volumes: { queue: '/queue' }, reaches: ['elasticsearch'] },
  { name: 'elasticsearch', endpoints: { elasticsearch: 9200 }, volumes: { data: '/data' } },
  { name: 'kibana', endpoints: { 'kibana-http': 5601 }, reaches: ['elasticsearch'] },
  { name: 'redis-exporter', endpoints: { 'redis-exporter-metrics': 9121 }, reaches: ['redis'] },
  {
    name: 'prometheus',
    endpoints: { 'prometheus-http': 9090 },
    volumes: { data: '/prometheus' },
    reaches: ['redis-exporter-metrics', 'api-http', 'alertmanager-http'],
  },
  { name: 'alertmanager', endpoints: { 'alertmanager-http': 9093 }, volumes: { data: '/alertmanager' } },
  { name: 'grafana', endpoints: { 'grafana-http': 3000 }, reaches: ['prometheus-http', 'elasticsearch'] },
];
