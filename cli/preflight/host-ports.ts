import { createServer } from 'node:net';
import type { Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { portSetting } from '../../environments/port-setting.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { hasCode } from '../bootstrap/lock.mjs';
import { nameOf } from '../status/containers.js';
import {
  EXCLUDED_PORTS_COMMAND,
  type ExcludedPorts,
  exclusionOf,
  keepPort,
  readExcludedPorts,
} from './excluded-ports.js';
import { describeHolder } from './port-holder.js';

/** A port of the host that a deployment publishes. */
export interface HostPort {
  /** E.g. `redis-master`. */
  readonly name: string;
  readonly port: number;
  /** Where it is set, e.g. `proxy.ports.redisMaster in environments/dev.ts`; undefined for an instance, which has ports picked for it. */
  readonly setting: string | undefined;
}

/** The ports that a deployment really publishes, which another instance's topology does not show. */
export function hostPorts(topology: Topology, site: Site): HostPort[] {
  const picked = site.deployments[topology.deployment]?.ports;
  return topology.published.map(({ name, hostPort }) => {
    const setting = `proxy.ports.${portSetting(topology, name)} in environments/${topology.environment}.ts`;
    const port = picked?.[name];
    return port === undefined ? { name, port: hostPort, setting } : { name, port, setting: undefined };
  });
}

/** Which of the ports are taken, by whom, and what to change. What this deployment publishes already is its own. */
export async function checkPorts(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  ports: readonly HostPort[],
): Promise<Problem[]> {
  const address = addressOf(context);
  const published = await publishedPorts(engine, address);
  const problems = await Promise.all(
    withoutOwn(context, ports, published).map(async (wanted) => {
      const container = published.find(({ port }) => port === wanted.port)?.container;
      if (container !== undefined) return [taken(address, wanted, `the container ${container}`)];
      const refusal = await tryToListen(wanted.port, address);
      if (refusal === undefined) return [];
      if (refusal === 'elsewhere') return [notHere(address)];
      return [
        refusal === 'in use'
          ? taken(address, wanted, await describeHolder(wanted.port))
          : refused(address, wanted, refusal, await excludedBy(wanted.port)),
      ];
    }),
  );
  // An address that is not this machine's is one problem, not one a port.
  return [...new Map(problems.flat().map((problem) => [problem.what, problem])).values()];
}

/** Those of the ports that the deployment does not publish already. */
export async function unpublished(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  ports: readonly HostPort[],
): Promise<HostPort[]> {
  return withoutOwn(context, ports, await publishedPorts(engine, addressOf(context)));
}

function withoutOwn({ name }: Context, ports: readonly HostPort[], published: readonly PublishedPort[]): HostPort[] {
  const own = new Set(published.filter(({ deployment }) => deployment === name).map(({ port }) => port));
  return ports.filter(({ port }) => !own.has(port));
}

function addressOf({ environment }: Context): string {
  return environment.network.publishOn?.address ?? LOOPBACK;
}

interface PublishedPort {
  readonly port: number;
  readonly container: string;
  readonly deployment: string | undefined;
}

/** What running containers publish where an address would clash with it: there, or where one of both is every address. */
async function publishedPorts({ docker }: Pick<Engine, 'docker'>, address: string): Promise<PublishedPort[]> {
  const containers = await docker.listContainers();
  return containers.flatMap(({ Names, Labels, Ports }) =>
    Ports.filter(({ PublicPort, IP, Type }) => PublicPort && Type === 'tcp' && clash(IP, address)).map(
      ({ PublicPort }) => ({
        port: PublicPort,
        container: nameOf(Names),
        deployment: Labels['redis-platform.deployment'],
      }),
    ),
  );
}

function clash(used: string | undefined, wanted: string): boolean {
  return wanted === '0.0.0.0' || used === undefined || ['', '0.0.0.0', '::', wanted].includes(used);
}

const LOOPBACK = '127.0.0.1';

/** @returns why not, or undefined if the port is free */
export function tryToListen(
  port: number,
  address = LOOPBACK,
): Promise<'in use' | 'not allowed' | 'elsewhere' | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      const reason = hasCode(error, 'EADDRNOTAVAIL') ? 'elsewhere' : 'in use';
      resolve(hasCode(error, 'EACCES') ? 'not allowed' : reason);
    });
    server.listen({ port, host: address, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

function taken(address: string, { name, port, setting }: HostPort, holder: string | undefined): Problem {
  return {
    what: `port ${port} on ${address}, for ${name}, is taken${holder === undefined ? '' : ` by ${holder}`}`,
    fix: advice(setting),
  };
}

function notHere(address: string): Problem {
  return {
    what: 'network.publishOn.address cannot be used here',
    got: address,
    allowed: "an IPv4 address of this machine's own, or 0.0.0.0",
    fix: 'Correct it in the environment, or leave network.publishOn out for 127.0.0.1.',
  };
}

function refused(
  address: string,
  { name, port, setting }: HostPort,
  reason: string,
  range: ExcludedPorts | undefined,
): Problem {
  const what = `port ${port} on ${address}, for ${name}, is ${reason} to this user`;
  return range === undefined ? { what, fix: advice(setting) } : excluded({ name, port, setting }, range);
}

/** Undefined as well where nobody says. */
async function excludedBy(port: number): Promise<ExcludedPorts | undefined> {
  if (process.platform !== 'win32') return undefined;
  return exclusionOf(port, await readExcludedPorts().catch(() => []));
}

/** What is wrong with a port that Windows keeps for itself. */
export function excluded({ name, port, setting }: HostPort, { first, last }: ExcludedPorts): Problem {
  return {
    what: `port ${port}, for ${name}, is among those that Windows keeps for itself (\`${EXCLUDED_PORTS_COMMAND}\`)`,
    got: `${first} to ${last}`,
    fix: `As an administrator, run ${keepPort(port)}. Or ${changeOf(setting)}.`,
  };
}

function advice(setting: string | undefined): string {
  return `Stop what holds it, ${setting === undefined ? 'or ' : ''}${changeOf(setting)}.`;
}

function changeOf(setting: string | undefined): string {
  return setting === undefined
    ? 'choose another --instance NAME'
    : `change ${setting}, or use --instance NAME, which picks free ports`;
}
