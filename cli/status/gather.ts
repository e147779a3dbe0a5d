import type Docker from 'dockerode';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { modelsOf, serviceNamed } from '../../constructs/models.js';
import type { Context } from '../context.js';
import { type Outputs, readOutputs } from '../outputs.js';
import { secretValues } from '../deployment/secrets-in-use.js';
import { ADMIN, adminSecret, namesByAddress, redisServices } from './addresses.js';
import { askProxy, type BackendView } from './backends.js';
import { containerStatus, declaredContainers, type Inspected, inspectContainers } from './containers.js';
import { deadPortFindings, deadPorts, publishedPorts } from './published-ports.js';
import { askMaster, type MasterView } from './replication.js';
import { askSentinel, compareSentinels, sentinelFindings, type SentinelView } from './sentinels.js';
import type { Finding, Status } from './status.js';

/** What is behind the published ports. */
interface Services {
  readonly master: MasterView;
  readonly sentinels: readonly SentinelView[];
  readonly backends: BackendView;
  readonly findings: readonly Finding[];
}

/**
 * Asks the engine, the master, each Sentinel and the proxy, all at once. What does not answer within a second is a
 * problem of the status, never an error.
 */
export async function gatherStatus(context: Context, engine: Docker, topology: Topology): Promise<Status> {
  const [containers, services] = await Promise.all([askEngine(engine, topology), askServices(context, topology)]);
  const { deployment } = topology;
  if (typeof containers === 'string') return undeployed(deployment, `the Docker engine does not answer: ${containers}`);
  if (containers.size === 0) return undeployed(deployment, `${deployment} is not deployed. Run \`npm start\`.`);
  const described = declaredContainers(topology).map((declared) =>
    containerStatus(declared, containers.get(declared.container)),
  );
  const statuses = described.map(({ status }) => status);
  const entrances = new Set(
    topology.published.flatMap(
      ({ service }) => serviceNamed(topology, service)?.instances.map(({ name }) => name) ?? [],
    ),
  );
  const reachable = statuses.filter(({ name }) => entrances.has(name)).every(({ state }) => state === 'running');
  const dead = await deadPorts(publishedPorts(topology, containers));
  const halted = new Set([
    ...statuses.flatMap(({ name, role, state }) => (role === 'service' && state !== 'running' ? [name] : [])),
    ...described.flatMap(({ finding }) => (finding?.lasting === true ? (finding.about ?? []) : [])),
  ]);
  const supporting = new Set(statuses.filter((one) => one.supporting).map(({ name }) => name));
  const findings: Finding[] = [
    ...described.flatMap(({ finding }) => finding ?? []),
    ...deadPortFindings(dead),
    // Behind a proxy that does not run, nothing answers; and what does not run is missed by all others. Once is enough.
    ...(reachable ? serviceFindings(services).filter(({ about = '' }) => !halted.has(about)) : []),
  ];
  return {
    deployment,
    ok: findings.length === 0,
    serving: findings.every(({ about = '' }) => supporting.has(about)),
    problems: findings.map(({ problem }) => problem),
    lasting: findings.flatMap(({ problem, lasting }) => (lasting === true ? [problem] : [])),
    concerned: [...new Set(findings.flatMap(({ about }) => about ?? []))],
    containers: statuses,
    redis: services.master.status,
    sentinels: services.sentinels.map(({ status }) => status),
    backends: services.backends.statuses,
  };
}

/** Why the engine did not answer, where it did not. */
async function askEngine(engine: Docker, topology: Topology): Promise<ReadonlyMap<string, Inspected> | string> {
  try {
    return await inspectContainers(engine, topology);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function askServices(context: Context, topology: Topology): Promise<Services> {
  try {
    const outputs = readOutputs(context, { showSecrets: false });
    const [master, sentinels, backends] = await Promise.all([
      masterView(context, outputs, topology),
      sentinelViews(context, outputs, topology),
      backendView(context, outputs, topology),
    ]);
    return { master, sentinels, backends, findings: [] };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const findings = error.problems.map(({ what, fix }) => ({ problem: `${what}. ${fix}` }));
    return {
      master: { status: null, findings: [] },
      sentinels: [],
      backends: { statuses: [], findings: [] },
      findings,
    };
  }
}

async function masterView(context: Context, outputs: Outputs, topology: Topology): Promise<MasterView> {
  const redis = redisServices(topology);
  if (!redis) return { status: null, findings: [] };
  const { hostname, port } = new URL(outputs.redis.masterUrl);
  const passwords = secretValues(context.paths, adminSecret(redis.model.nodes.users));
  const nodes = redis.nodes.instances.map(({ name }) => name);
  return askMaster(
    { host: hostname, port: Number(port), username: ADMIN, passwords },
    naming(outputs, topology),
    nodes,
  );
}

async function sentinelViews(context: Context, outputs: Outputs, topology: Topology): Promise<SentinelView[]> {
  const redis = redisServices(topology);
  if (!redis) return [];
  const passwords = secretValues(context.paths, adminSecret(redis.model.sentinels.users));
  const names = naming(outputs, topology);
  const expected = {
    masterName: outputs.redis.masterName,
    replicas: redis.nodes.instances.length - 1,
    sentinels: redis.sentinels.instances.length,
  };
  return Promise.all(
    outputs.redis.sentinels.map(({ host, port }, index) => {
      const name = redis.sentinels.instances[index]?.name ?? `Sentinel ${host}:${port}`;
      return askSentinel(name, { host, port, username: ADMIN, passwords }, names, expected);
    }),
  );
}

async function backendView(context: Context, { statistics }: Outputs, topology: Topology): Promise<BackendView> {
  const [proxy] = modelsOf(topology, 'proxy');
  if (!proxy) return { statuses: [], findings: [] };
  const page = { ...statistics, passwords: secretValues(context.paths, proxy.statistics.secret) };
  return askProxy(page, proxy, serviceNamed(topology, proxy.service)?.instances[0]?.name);
}

function naming(outputs: Outputs, topology: Topology): (address: string) => string {
  const names = namesByAddress(topology, outputs.redis.natMap);
  return (address) => names.get(address) ?? address;
}

function serviceFindings({ master, sentinels, backends, findings }: Services): Finding[] {
  const statuses = sentinels.map(({ status }) => status);
  return [
    ...findings,
    ...master.findings,
    ...sentinelFindings(sentinels),
    ...compareSentinels(statuses, master.status?.master),
    ...backends.findings,
  ];
}

/** A status without anything to look at. */
export function undeployed(deployment: string, problem: string): Status {
  return {
    deployment,
    ok: false,
    serving: false,
    problems: [problem],
    lasting: [],
    concerned: [],
    containers: [],
    redis: null,
    sentinels: [],
    backends: [],
  };
}
