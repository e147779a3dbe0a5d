import { Container, type ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
import { Network } from '@cdktf/provider-docker/lib/network/index.js';
import type { TerraformStack } from 'cdktf';
import type { Segment } from '../network/endpoint.js';
import { ContainerImage } from './container-image.js';
import type { Deployment } from './deployment.js';
import type { HealthCheck } from './health-check.js';
import { secretsIn } from './secret.js';
import type { Instance, Service } from './service.js';

/** Where the CLI leaves filled-in secret files, seen from the folder that Terraform runs in (cdktf.out/stacks/<name>). */
const STATE_FOLDER = '../../../.platform';

/** Turns services into Docker networks and containers. Called once, when the tree of constructs is complete. */
export function renderDocker(stack: TerraformStack, deployment: Deployment, services: readonly Service[]): void {
  const networks = new Map<string, Network>();
  for (const service of services) {
    for (const segment of ownSegments(service)) {
      networks.set(segment.name, renderNetwork(stack, deployment, segment));
    }
  }
  for (const service of services) renderService(service, networks);
}

/** The networks on which a service has static addresses of its own. */
export function ownSegments(service: Service): Segment[] {
  return [...service.endpoints.map((endpoint) => endpoint.segment), ...(service.edge ? [service.edge] : [])];
}

function renderNetwork(stack: TerraformStack, deployment: Deployment, segment: Segment): Network {
  const subnet = deployment.addresses.subnet(segment.slot);
  const isolated = segment.internal && deployment.engine.isolatedGateways;
  return new Network(stack, `network-${segment.name}`, {
    name: deployment.resourceName(segment.name),
    driver: 'bridge',
    internal: segment.internal,
    ipamConfig: [{ subnet: subnet.cidr, gateway: subnet.gateway, ipRange: subnet.joinerRange }],
    options: {
      ...(isolated && { 'com.docker.network.bridge.gateway_mode_ipv4': 'isolated' }),
      // Published ports work without masquerading; the way out to the internet does not.
      ...(!segment.internal && { 'com.docker.network.bridge.enable_ip_masquerade': 'false' }),
    },
    labels: labels(deployment),
  });
}

function renderService(service: Service, networks: ReadonlyMap<string, Network>): void {
  const seeder = service.files.length > 0 ? renderSeeder(service) : undefined;
  for (const instance of service.instances) renderInstance(service, instance, seeder, networks);
}

/**
 * A container that is created but never started: uploading into it fills the volume that the real containers mount
 * read-only. A read-only container itself refuses uploads, and secrets in `env` would show in `docker inspect`.
 * The volume is anonymous, so it goes, with its secrets, when the seeder is replaced or destroyed.
 */
function renderSeeder(service: Service): Container {
  const { deployment } = service;
  const container = new Container(service, 'seeder', {
    name: service.seederName,
    image: seederImage().reference,
    command: ['never-started'],
    start: false,
    mustRun: false,
    networkMode: 'none',
    restart: 'no',
    removeVolumes: true,
    volumes: [{ containerPath: '/config' }],
    labels: [...labels(deployment), { label: 'redis-platform.service', value: service.name }, SEEDER_LABEL],
  });
  // Owner and group of uploads are newer than the bindings (provider 4.x), hence the override.
  container.addOverride(
    'upload',
    service.files.map((file) => {
      const text = file.content();
      const owner = { owner: String(service.user), group: String(service.user) };
      if (secretsIn(text).length === 0)
        return { file: file.path, content: literal(text), permissions: '0444', ...owner };
      const source = `${STATE_FOLDER}/${deployment.name}/files/${service.name}${file.path}`;
      return { file: file.path, source, source_hash: `\${filesha256("${source}")}`, permissions: '0400', ...owner };
    }),
  );
  return container;
}

/** Terraform would take `${` and `%{` for its own. */
function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (mark) => mark + mark);
}

/**
 * Not the service's own: where an image names its user, older engines look that user up on the host when files are
 * uploaded, and fail.
 */
export const seederImage = () => ContainerImage.fromCatalog('base');
const SEEDER_LABEL = { label: 'redis-platform.role', value: 'seeder' };

/** Of 1024, as all others have: where processors are short, clients are served first. */
const SUPPORTING_CPU_SHARES = 256;

function renderInstance(
  service: Service,
  instance: Instance,
  seeder: Container | undefined,
  networks: ReadonlyMap<string, Network>,
): void {
  const { deployment, limits } = service;
  const environment = Object.entries(service.environment(instance)).sort(([a], [b]) => (a < b ? -1 : 1));
  const memory = limits.memory.toMebibytes();
  const config: ContainerConfig = {
    name: service.containerName(instance),
    hostname: instance.name,
    image: service.image.reference,
    ...(service.command && { command: service.command.map(literal) }),
    env: environment.map(([name, value]) => literal(`${name}=${value}`)),
    user: `${service.user}:${service.user}`,
    readOnly: !service.writableRoot,
    capabilities: { drop: ['ALL'], ...(service.capabilities.length > 0 && { add: [...service.capabilities] }) },
    securityOpts: ['no-new-privileges:true'],
    tmpfs: Object.fromEntries(service.scratch.map((path) => [path, 'rw,noexec,nosuid,nodev,mode=1777,size=64m'])),
    memory,
    memorySwap: memory,
    // Without a decimal point every plan would replace the container.
    cpus: limits.cpus.toFixed(2).replace(/0$/, ''),
    ...(service.supporting && { cpuShares: SUPPORTING_CPU_SHARES }),
    ulimit: [{ name: 'nproc', soft: limits.processes, hard: limits.processes }],
    restart: 'unless-stopped',
    stopTimeout: service.stopTimeout.toSeconds(),
    destroyGraceSeconds: service.stopTimeout.toSeconds(),
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    healthcheck: renderHealthCheck(service.healthCheck, deployment.engine.startInterval),
    // Readiness is awaited by the CLI, service by service: waiting here would start one level after the other.
    wait: false,
    removeVolumes: false,
    volumes: [
      ...(seeder ? [{ fromContainer: `${seeder.id}:ro` }] : []),
      ...service.volumes.map((volume) => ({
        containerPath: volume.path,
        volumeName: service.volumeName(instance, volume),
      })),
      ...service.sharedVolumes.map(({ volumeName, path }) => ({ containerPath: path, volumeName, readOnly: true })),
    ],
    networksAdvanced: memberships(service, instance).map(({ segment, address }) => ({
      name: networks.get(segment.name)?.name ?? segment.name,
      ...(address !== undefined && { ipv4Address: address }),
    })),
    ports: service.published.map((port) => ({
      internal: port.containerPort,
      external: deployment.hostPort(port.name, port.hostPort),
      ip: deployment.publishAddress,
      protocol: 'tcp',
    })),
    labels: [...labels(deployment), { label: 'redis-platform.service', value: service.name }],
  };
  new Container(service, String(instance.index), config);
}

/** The networks that a container is a member of: its own with static addresses, those it may connect to without. */
export function memberships(service: Service, instance: Instance): { segment: Segment; address?: string }[] {
  const own = service.endpoints.map((endpoint) => ({
    segment: endpoint.segment,
    address: endpoint.address(instance.index),
  }));
  const edge = service.edge ? [{ segment: service.edge, address: service.edgeAddress(instance.index) }] : [];
  const joined = service.connections.allowed
    .filter((endpoint) => endpoint.service !== service)
    .map((endpoint) => ({ segment: endpoint.segment }));
  return [...own, ...edge, ...joined];
}

function renderHealthCheck(check: HealthCheck, startInterval: boolean): NonNullable<ContainerConfig['healthcheck']> {
  if (!check.command) return { test: ['NONE'] };
  const interval = check.interval?.toMilliseconds() ?? (startInterval ? 10_000 : 3_000);
  return {
    test: ['CMD', ...check.command.map(literal)],
    interval: goDuration(interval),
    timeout: goDuration(check.timeout.toMilliseconds()),
    retries: check.retries,
    startPeriod: goDuration(check.startPeriod.toMilliseconds()),
    ...(startInterval && { startInterval: goDuration(1000) }),
  };
}

/** As Go prints durations, so that what the engine reports back equals what was declared. */
function goDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = `${(milliseconds % 60_000) / 1000}s`;
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

function labels(deployment: Deployment): { label: string; value: string }[] {
  return Object.entries(deployment.labels).map(([label, value]) => ({ label, value }));
}
