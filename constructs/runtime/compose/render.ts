import { stringify } from 'yaml';
import { bridgeOptions } from '../bridge-options.js';
import { goDuration } from '../go-duration.js';
import type {
  Workload,
  WorkloadContainer,
  WorkloadHealthCheck,
  WorkloadImage,
  WorkloadNetwork,
  WorkloadService,
} from '../workload.js';
import { below, sourcesOf } from './files.js';

/** What the Compose file refers to. */
export interface Beside {
  /** The folder with the files, relative to the Compose file: `./platform.files`. */
  readonly folder: string;
  /** By service: other files are another value, and other containers. */
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** Lines at the top of the file, each beginning with `#`. */
export type Comment = readonly string[];

/**
 * A Compose file of a workload: each container a service, as each has an address of its own. Names are Compose's, so it meets nothing that
 * Terraform made, and data is its own.
 */
export function renderCompose(workload: Workload, beside: Beside, comment: Comment): string {
  const text = stringify(literal(composeFile(workload, beside)), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    // Older readers take `no` for false; what either version would take for something else is quoted.
    version: '1.1',
  });
  return `${comment.map((line) => `# ${line}\n`).join('')}${text}`;
}

/** Compose takes `$` for a variable. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, literal(one)]));
}

function composeFile(workload: Workload, beside: Beside): Record<string, unknown> {
  const { networks, services } = workload;
  const volumes = services.flatMap((service) => [
    ...(service.files.length > 0 ? [configVolume(service)] : []),
    ...service.containers.flatMap(({ volumes: all }) => all.map(({ name }) => name)),
  ]);
  const secrets = services
    .flatMap(sourcesOf)
    .flatMap(({ secret, path }) => (secret === undefined ? [] : [{ secret, path }]));
  return {
    name: `rp-${workload.deployment}`,
    services: Object.fromEntries(services.flatMap((service) => renderService(workload, service, beside))),
    networks: Object.fromEntries(networks.map((network) => [network.name, renderNetwork(network)])),
    volumes: Object.fromEntries(volumes.map((name) => [name, {}])),
    secrets: Object.fromEntries(secrets.map(({ secret, path }) => [secret, { file: `${beside.folder}/${path}` }])),
  };
}

function renderNetwork(network: WorkloadNetwork): Record<string, unknown> {
  const { internal, subnet } = network;
  const options = bridgeOptions(network);
  return {
    driver: 'bridge',
    internal,
    ipam: { config: [{ subnet: subnet.cidr, gateway: subnet.gateway, ip_range: subnet.joinerRange }] },
    ...(Object.keys(options).length > 0 && { driver_opts: options }),
  };
}

function renderService(workload: Workload, service: WorkloadService, beside: Beside): [string, unknown][] {
  const containers = service.containers.map((container): [string, unknown] => [
    container.name,
    renderContainer(service, container, beside),
  ]);
  if (service.files.length === 0) return containers;
  return [[seederName(service), renderSeeder(workload, service, beside)], ...containers];
}

const seederName = ({ name }: WorkloadService) => `${name}-seeder`;
const configVolume = ({ name }: WorkloadService) => `${name}-config`;
const SEEDED_FROM = '/files';

/**
 * Brings files into the volume that the containers mount, with the owner and the mode that they need: of files of the host these are the
 * host's own, or anything on Windows. It runs before them, reaches nothing, and ends.
 */
function renderSeeder(workload: Workload, service: WorkloadService, { folder, fingerprints }: Beside): unknown {
  const sources = sourcesOf(service);
  const plain = sources.some(({ secret }) => secret === undefined);
  const secrets = sources.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  const owner = `-o ${service.user} -g ${service.user}`;
  const copies = sources.map(({ file, secret }) => {
    const from = secret === undefined ? `${SEEDED_FROM}/${below(file)}` : `/run/secrets/${secret}`;
    return `install -D ${owner} -m ${file.mode} ${from} ${file.path}`;
  });
  const others = sources.map(({ file }) => `! -path ${file.path}`).join(' ');
  return {
    image: workload.seederImage.reference,
    pull_policy: pullPolicy(workload.seederImage),
    command: ['sh', '-ec', [...copies, `find /config -type f ${others} -delete`, ''].join('\n')],
    user: '0:0',
    read_only: true,
    cap_drop: ['ALL'],
    // To read what only the host's user may, and to give it away.
    cap_add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
    security_opt: service.securityOptions,
    mem_limit: '64m',
    pids_limit: 64,
    network_mode: 'none',
    restart: 'no',
    volumes: [
      ...(plain
        ? [
            {
              type: 'bind',
              source: `${folder}/config/${service.name}`,
              target: SEEDED_FROM,
              read_only: true,
              bind: { create_host_path: false },
            },
          ]
        : []),
      { type: 'volume', source: configVolume(service), target: '/config' },
    ],
    ...(secrets.length > 0 && { secrets }),
    labels: labels(service, fingerprints),
  };
}

function renderContainer(service: WorkloadService, container: WorkloadContainer, { fingerprints }: Beside): unknown {
  const { memoryMebibytes, cpus, cpuShares, processes } = service.limits;
  const { drop, add } = service.capabilities;
  const seeded = service.files.length > 0;
  const config = { type: 'volume', source: configVolume(service), target: '/config', read_only: true };
  return {
    image: service.image.reference,
    pull_policy: pullPolicy(service.image),
    hostname: container.name,
    ...(service.command && { command: service.command }),
    ...(Object.keys(container.environment).length > 0 && { environment: container.environment }),
    user: `${service.user}:${service.user}`,
    read_only: service.readOnlyRoot,
    cap_drop: drop,
    ...(add.length > 0 && { cap_add: add }),
    security_opt: service.securityOptions,
    tmpfs: Object.entries(service.scratch).map(([path, options]) => `${path}:${options}`),
    mem_limit: `${memoryMebibytes}m`,
    memswap_limit: `${memoryMebibytes}m`,
    cpus,
    ...(cpuShares !== null && { cpu_shares: cpuShares }),
    // Unlike Terraform's provider, Compose knows the limit of one container; the other one is of a user over all containers.
    pids_limit: processes,
    ulimits: { nproc: processes },
    restart: service.restart,
    stop_grace_period: goDuration(service.stopSeconds * 1000),
    logging: {
      driver: 'json-file',
      options: { 'max-size': service.output.maxSize, 'max-file': String(service.output.maxFiles) },
    },
    healthcheck: renderHealthCheck(service.healthCheck),
    ...(seeded && { depends_on: { [seederName(service)]: { condition: 'service_completed_successfully' } } }),
    volumes: [
      ...(seeded ? [config] : []),
      ...container.volumes.map(({ name, path, readOnly }) => ({
        type: 'volume',
        source: name,
        target: path,
        ...(readOnly && { read_only: true }),
      })),
    ],
    ...(container.networks.length > 0 ? { networks: renderMemberships(container) } : { network_mode: 'none' }),
    ...(service.ports.length > 0 && {
      ports: service.ports.map(({ address, hostPort, containerPort }) => ({
        target: containerPort,
        host_ip: address,
        published: String(hostPort),
        protocol: 'tcp',
      })),
    }),
    labels: labels(service, fingerprints),
  };
}

function renderMemberships({ networks }: WorkloadContainer): Record<string, unknown> {
  return Object.fromEntries(
    networks.map(({ name, address }) => [name, address === null ? {} : { ipv4_address: address }]),
  );
}

/** A name that no registry answers to must not be asked for: whoever does answer is somebody else. */
function pullPolicy({ builtHere }: WorkloadImage): string {
  return builtHere ? 'never' : 'missing';
}

/** Not the labels of the deployment: the commands of this project would take the containers for leftovers of their own. */
function labels({ name }: WorkloadService, fingerprints: Beside['fingerprints']): Record<string, string> {
  const files = fingerprints[name];
  return { 'redis-platform.service': name, ...(files !== undefined && { 'redis-platform.files': files }) };
}

function renderHealthCheck(check: WorkloadHealthCheck | null): Record<string, unknown> {
  if (check === null) return { disable: true };
  return {
    test: ['CMD', ...check.command],
    interval: goDuration(check.intervalMs),
    timeout: goDuration(check.timeoutMs),
    retries: check.retries,
    start_period: goDuration(check.startPeriodMs),
    ...(check.startIntervalMs !== null && { start_interval: goDuration(check.startIntervalMs) }),
  };
}
