import { ContainerImage } from '../core/container-image.js';
import type { Deployment } from '../core/deployment.js';
import type { HealthCheck } from '../core/health-check.js';
import { memberships, ownSegments } from '../core/memberships.js';
import { secretsIn } from '../core/secret.js';
import type { Instance } from '../core/instance.js';
import type { Service } from '../core/service.js';
import type {
  Workload,
  WorkloadContainer,
  WorkloadFile,
  WorkloadHealthCheck,
  WorkloadImage,
  WorkloadService,
} from './workload.js';

/**
 * Of what brings files into volumes. Not the service's own: where an image names its user, older engines look that user up on the host when
 * files are uploaded, and fail.
 */
export const seederImage = () => ContainerImage.fromCatalog('base');

/** Of 1024, as all others have: where processors are short, clients are served first. */
const SUPPORTING_CPU_SHARES = 256;

/** What services come to on one engine. Only when the tree of constructs is complete. */
export function describeWorkload(deployment: Deployment, services: readonly Service[]): Workload {
  return {
    deployment: deployment.name,
    prefix: deployment.resourceName(''),
    labels: deployment.labels,
    seederImage: describeImage(seederImage()),
    networks: services.flatMap(ownSegments).map(({ name, internal, slot }) => ({
      name,
      internal,
      isolated: internal && deployment.engine.isolatedGateways,
      subnet: deployment.addresses.subnet(slot),
    })),
    services: services.map(describeService),
  };
}

function describeService(service: Service): WorkloadService {
  const { deployment, limits } = service;
  return {
    name: service.name,
    path: service.node.path.split('/').slice(1),
    image: describeImage(service.image),
    command: service.command ?? null,
    user: service.user,
    capabilities: { drop: ['ALL'], add: service.capabilities },
    securityOptions: ['no-new-privileges:true'],
    readOnlyRoot: !service.writableRoot,
    scratch: Object.fromEntries(service.scratch.map((path) => [path, 'rw,noexec,nosuid,nodev,mode=1777,size=64m'])),
    limits: {
      memoryMebibytes: limits.memory.toMebibytes(),
      cpus: limits.cpus,
      cpuShares: service.supporting ? SUPPORTING_CPU_SHARES : null,
      processes: limits.processes,
    },
    restart: 'unless-stopped',
    stopSeconds: service.stopTimeout.toSeconds(),
    output: { maxSize: '10m', maxFiles: 3 },
    healthCheck: describeHealthCheck(service.healthCheck, deployment.engine.startInterval),
    files: service.files.map(({ path, content }) => describeFile(path, content())),
    reloads: service.reload !== undefined,
    ports: service.published.map(({ name, hostPort, containerPort }) => ({
      name,
      address: deployment.publishAddress,
      hostPort: deployment.hostPort(name, hostPort),
      containerPort,
    })),
    containers: service.instances.map((instance) => describeContainer(service, instance)),
  };
}

function describeContainer(service: Service, instance: Instance): WorkloadContainer {
  const environment = Object.entries(service.environment(instance)).sort(([a], [b]) => (a < b ? -1 : 1));
  const volumes = service.volumes.map(({ name, path }) => ({
    name: `${instance.name}-${name}`,
    path,
    readOnly: false,
  }));
  return {
    name: instance.name,
    index: instance.index,
    environment: Object.fromEntries(environment),
    networks: memberships(service, instance).map(({ segment, address = null }) => ({ name: segment.name, address })),
    volumes: [...volumes, ...service.sharedVolumes.map(({ name, path }) => ({ name, path, readOnly: true }))],
  };
}

function describeImage({ reference, source }: ContainerImage): WorkloadImage {
  return { reference, builtHere: source.kind === 'directory' };
}

function describeFile(path: string, text: string): WorkloadFile {
  const secret = secretsIn(text).length > 0;
  return { path, text, secret, mode: secret ? '0400' : '0444' };
}

function describeHealthCheck(check: HealthCheck, startInterval: boolean): WorkloadHealthCheck | null {
  if (!check.command) return null;
  return {
    command: check.command,
    intervalMs: check.interval?.toMilliseconds() ?? (startInterval ? 10_000 : 3_000),
    timeoutMs: check.timeout.toMilliseconds(),
    retries: check.retries,
    startPeriodMs: check.startPeriod.toMilliseconds(),
    startIntervalMs: startInterval ? 1000 : null,
  };
}
