import { Container, type ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
import { Network } from '@cdktf/provider-docker/lib/network/index.js';
import type { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { bridgeOptions } from '../bridge-options.js';
import { goDuration } from '../go-duration.js';
import type {
  Workload,
  WorkloadContainer,
  WorkloadHealthCheck,
  WorkloadNetwork,
  WorkloadService,
} from '../workload.js';
import { NOT_READY_FILE } from './not-ready.js';

/** Where the CLI leaves filled-in secret files, seen from the folder that Terraform runs in (cdktf.out/stacks/<name>). */
const STATE_FOLDER = '../../../.platform';

/** Turns a workload into Docker networks and containers, below the constructs that it came from. Called once. */
export function renderDocker(stack: TerraformStack, workload: Workload): void {
  const networks = new Map(workload.networks.map((network) => [network.name, renderNetwork(stack, workload, network)]));
  const containers = workload.services.flatMap((service) => renderService(stack, workload, service, networks));
  // One is enough: a plan with one error is none. Removal does not ask for it.
  containers[0]?.addOverride('lifecycle.precondition', [notHeldBack()]);
}

/** Terraform has no other way to refuse a plan before anything is changed, and to allow a removal all the same. */
function notHeldBack(): { condition: string; error_message: string } {
  const file = `"\${path.module}/${NOT_READY_FILE}"`;
  return {
    condition: `\${!fileexists(${file})}`,
    error_message: `\${fileexists(${file}) ? file(${file}) : ""}`,
  };
}

function renderNetwork(stack: TerraformStack, workload: Workload, network: WorkloadNetwork): Network {
  const { name, subnet, internal } = network;
  return new Network(stack, `network-${name}`, {
    name: workload.prefix + name,
    driver: 'bridge',
    internal,
    ipamConfig: [{ subnet: subnet.cidr, gateway: subnet.gateway, ipRange: subnet.joinerRange }],
    options: bridgeOptions(network),
    labels: labels(workload.labels),
  });
}

function renderService(
  stack: TerraformStack,
  workload: Workload,
  service: WorkloadService,
  networks: ReadonlyMap<string, Network>,
): Container[] {
  const scope = scopeAt(stack, service.path);
  const seeder = service.files.length > 0 ? renderSeeder(scope, workload, service) : undefined;
  const containers = service.containers.map(
    (container) =>
      new Container(scope, String(container.index), renderContainer(workload, service, container, seeder, networks)),
  );
  return [...(seeder ? [seeder] : []), ...containers];
}

/** The service's own construct, so that ids tell whose a resource is. */
function scopeAt(stack: Construct, path: readonly string[]): Construct {
  return path.reduce((scope, id) => {
    const made = scope.node.tryFindChild(id);
    return made instanceof Construct ? made : new Construct(scope, id);
  }, stack);
}

/**
 * A container that is created but never started: uploading into it fills the volume that the real containers mount
 * read-only. A read-only container itself refuses uploads, and secrets in `env` would show in `docker inspect`.
 * Other files are another seeder, with another id and so another container; but where a service can reload, containers refer to its
 * name, which stays, and the CLI brings their volume up to date (`cli/rollout/reload.ts`).
 * The volume is anonymous, so it goes, with its secrets, with the last container that mounts it.
 */
function renderSeeder(scope: Construct, workload: Workload, { name, user, files }: WorkloadService): Container {
  const container = new Container(scope, 'seeder', {
    name: `${workload.prefix}${name}-seeder`,
    image: workload.seederImage.reference,
    command: ['never-started'],
    start: false,
    mustRun: false,
    networkMode: 'none',
    restart: 'no',
    removeVolumes: true,
    volumes: [{ containerPath: '/config' }],
    labels: labels({ ...workload.labels, 'redis-platform.service': name, 'redis-platform.role': 'seeder' }),
  });
  // Owner and group of uploads are newer than the bindings (provider 4.x), hence the override.
  container.addOverride(
    'upload',
    files.map(({ path, text, secret, mode }) => {
      const access = { permissions: mode, owner: String(user), group: String(user) };
      if (!secret) return { file: path, content: literal(text), ...access };
      const source = `${STATE_FOLDER}/${workload.deployment}/files/${name}${path}`;
      return { file: path, source, source_hash: `\${filesha256("${source}")}`, ...access };
    }),
  );
  return container;
}

/** Terraform would take `${` and `%{` for its own. */
function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (mark) => mark + mark);
}

function renderContainer(
  workload: Workload,
  service: WorkloadService,
  container: WorkloadContainer,
  seeder: Container | undefined,
  networks: ReadonlyMap<string, Network>,
): ContainerConfig {
  const { memoryMebibytes: memory, cpus, cpuShares, processes } = service.limits;
  const { drop, add } = service.capabilities;
  return {
    name: workload.prefix + container.name,
    hostname: container.name,
    image: service.image.reference,
    ...(service.command && { command: service.command.map(literal) }),
    env: Object.entries(container.environment).map(([name, value]) => literal(`${name}=${value}`)),
    user: `${service.user}:${service.user}`,
    readOnly: service.readOnlyRoot,
    capabilities: { drop: [...drop], ...(add.length > 0 && { add: [...add] }) },
    securityOpts: [...service.securityOptions],
    tmpfs: { ...service.scratch },
    memory,
    memorySwap: memory,
    // Without a decimal point every plan would replace the container.
    cpus: cpus.toFixed(2).replace(/0$/, ''),
    ...(cpuShares !== null && { cpuShares }),
    ulimit: [{ name: 'nproc', soft: processes, hard: processes }],
    restart: service.restart,
    stopTimeout: service.stopSeconds,
    destroyGraceSeconds: service.stopSeconds,
    logDriver: 'json-file',
    logOpts: { 'max-size': service.output.maxSize, 'max-file': String(service.output.maxFiles) },
    healthcheck: renderHealthCheck(service.healthCheck),
    // Readiness is awaited by the CLI, service by service: waiting here would start one level after the other.
    wait: false,
    // The anonymous one with the files, where the seeder that made it is gone already; named ones are never removed with it.
    removeVolumes: true,
    volumes: [
      ...(seeder ? [{ fromContainer: `${service.reloads ? seeder.name : seeder.id}:ro` }] : []),
      ...container.volumes.map(({ name, path, readOnly }) => ({
        containerPath: path,
        volumeName: workload.prefix + name,
        ...(readOnly && { readOnly }),
      })),
    ],
    networksAdvanced: container.networks.map(({ name, address }) => ({
      name: networks.get(name)?.name ?? name,
      ...(address !== null && { ipv4Address: address }),
    })),
    ports: service.ports.map(({ address, hostPort, containerPort }) => ({
      internal: containerPort,
      external: hostPort,
      ip: address,
      protocol: 'tcp',
    })),
    labels: labels({ ...workload.labels, 'redis-platform.service': service.name }),
  };
}

function renderHealthCheck(check: WorkloadHealthCheck | null): NonNullable<ContainerConfig['healthcheck']> {
  if (check === null) return { test: ['NONE'] };
  return {
    test: ['CMD', ...check.command.map(literal)],
    interval: goDuration(check.intervalMs),
    timeout: goDuration(check.timeoutMs),
    retries: check.retries,
    startPeriod: goDuration(check.startPeriodMs),
    ...(check.startIntervalMs !== null && { startInterval: goDuration(check.startIntervalMs) }),
  };
}

function labels(all: Readonly<Record<string, string>>): { label: string; value: string }[] {
  return Object.entries(all).map(([label, value]) => ({ label, value }));
}
