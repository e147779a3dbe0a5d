import { createHash } from 'node:crypto';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { overlaps } from '../../constructs/core/address-plan.js';
import type { EnvironmentInput } from '../../environments/schema.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { tryToListen } from './host-ports.js';
import { usedRanges } from './subnets.js';

/** What `.platform/site.json` keeps for an instance. */
export type Allocation = Site['deployments'][string];

/** Candidates: the /20s from 10.214.0.0 up to 10.254.240.0. */
const FIRST_SECOND_BYTE = 214;
const RANGES = 41 * 16;
/** Below what operating systems hand out to outgoing connections (Linux from 32768, Windows and macOS from 49152), so that they stay free. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
/** A Sentinel or node follows the first one of its kind, so a declared port stands for this many. */
const LONGEST_RUN = 17;

/**
 * Gives an instance a /20 and host ports of its own. What it has already it keeps; the choice starts at a place that
 * its name tells, so it is mostly the same on every machine.
 * @param topology of the instance, however it was synthesized: only the names of what it publishes count
 * @throws PlatformError if every candidate is in use
 */
export async function allocateInstance(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  site: Site,
  { published }: Pick<Topology, 'published'>,
): Promise<Allocation> {
  const { environments } = context.project;
  const here = site.deployments[context.name];
  const others = Object.entries(site.deployments).flatMap(([name, other]) => (name === context.name ? [] : [other]));
  const baseCidr =
    here?.baseCidr ??
    (await pickRange(context.name, engine, [...others, ...environments.map(({ network }) => network)]));
  const avoid = new Set([...others.flatMap(({ ports }) => Object.values(ports)), ...declaredPorts(environments)]);
  const ports: Record<string, number> = {};
  for (const { name } of published) {
    const port = here?.ports[name] ?? (await pickPort(`${context.name} ${name}`, avoid));
    ports[name] = port;
    avoid.add(port);
  }
  return { baseCidr, ports };
}

async function pickRange(
  deployment: string,
  engine: Pick<Engine, 'docker'>,
  others: readonly { readonly baseCidr: string }[],
): Promise<string> {
  const used = [
    ...(await usedRanges(engine, deployment)).map(({ cidr }) => cidr),
    ...others.map(({ baseCidr }) => baseCidr),
  ];
  const start = hash(deployment);
  for (let step = 0; step < RANGES; step++) {
    const place = (start + step) % RANGES;
    const cidr = `10.${FIRST_SECOND_BYTE + Math.floor(place / 16)}.${(place % 16) * 16}.0/20`;
    if (!used.some((range) => overlaps(range, cidr))) return cidr;
  }
  throw new PlatformError({
    what: `no range of addresses is free for ${deployment}`,
    allowed: '10.214.0.0/20 to 10.254.240.0/20',
    fix: 'Remove instances that nobody uses (`npm run destroy -- --instance NAME`), or leave the VPN.',
  });
}

async function pickPort(key: string, avoid: ReadonlySet<number>): Promise<number> {
  const start = hash(key);
  for (let step = 0; step < PORTS; step++) {
    const port = FIRST_PORT + ((start + step) % PORTS);
    if (!avoid.has(port) && (await tryToListen(port)) === undefined) return port;
  }
  throw new PlatformError({
    what: `no port is free for ${key}`,
    allowed: `${FIRST_PORT} to ${FIRST_PORT + PORTS - 1}`,
    fix: 'Stop some of the programs that listen there.',
  });
}

/** Ports that the environments declare, whether they run now or not. */
function declaredPorts(environments: readonly EnvironmentInput[]): number[] {
  const first = environments.flatMap(({ proxy }) => Object.values(proxy.ports));
  return first.flatMap((port = 0) => Array.from({ length: LONGEST_RUN }, (_, index) => port + index));
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
