import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Problem } from '../../constructs/core/platform-error.js';
import { overlaps } from '../../constructs/core/address-plan.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { parseProcRoutes, type UsedRange } from './routes.js';

/** Whether something else uses addresses of the deployment's range. */
export async function checkSubnets(
  context: Context,
  engine: Pick<Engine, 'docker'>,
  baseCidr: string,
): Promise<Problem[]> {
  const used = await usedRanges(engine, context.name);
  const clashes = used.filter(({ cidr }) => overlaps(cidr, baseCidr));
  if (clashes.length === 0) return [];
  const fix =
    context.instance === undefined
      ? `Change network.baseCidr in environments/${context.environment.name}.ts to a free /20, or use --instance NAME, which picks one.`
      : 'Disconnect or remove that, or choose another --instance NAME.';
  return [
    {
      what: `the deployment's addresses overlap with those of ${clashes.map(({ by }) => by).join(', ')}`,
      got: `${baseCidr} and ${clashes.map(({ cidr }) => cidr).join(', ')}`,
      fix,
    },
  ];
}

/** What the host's interfaces and the engine's networks use, without what belongs to the deployment itself. */
export async function usedRanges({ docker }: Pick<Engine, 'docker'>, deployment: string): Promise<UsedRange[]> {
  const networks = await docker.listNetworks();
  const subnets = networks.flatMap(({ Name, Labels, IPAM }) =>
    (IPAM?.Config ?? []).flatMap(({ Subnet }) =>
      Subnet === undefined || !isIPv4(Subnet)
        ? []
        : [{ cidr: Subnet, by: `the engine's network ${Name}`, own: labelOf(Labels) === deployment }],
    ),
  );
  return [
    ...subnets.filter(({ own }) => !own).map(({ cidr, by }) => ({ cidr, by })),
    ...hostRanges().filter(({ cidr }) => !isBridgeOf(cidr, subnets)),
  ];
}

/**
 * What this machine reaches by interfaces and routes, a VPN's among them. On Windows and macOS the engine has a machine and networks of its
 * own, from which nothing leaves: there a VPN is in nobody's way.
 */
export function hostRanges(platform: NodeJS.Platform = process.platform, routes = readRoutes): UsedRange[] {
  if (platform !== 'linux') return [];
  return narrow([...interfaceRanges(), ...parseProcRoutes(routes())]);
}

/** Without wider ones, as of a VPN that takes 10.0.0.0/8: the deployment's own routes are narrower and win. */
export function narrow(ranges: readonly UsedRange[]): UsedRange[] {
  return ranges.filter(({ cidr }) => Number(cidr.split('/')[1]) >= WIDEST);
}

const WIDEST = 16;

function readRoutes(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return '';
  }
}

function interfaceRanges(): UsedRange[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }) =>
      family === 'IPv4' && cidr !== null ? [{ cidr, by: `the host's interface ${name}` }] : [],
    ),
  );
}

/** A Linux host has an interface and a route in each of the engine's networks, which is listed by its own name already. */
function isBridgeOf(cidr: string, subnets: readonly UsedRange[]): boolean {
  const [address = '', prefix = ''] = cidr.split('/');
  return subnets.some((subnet) => subnet.cidr.endsWith(`/${prefix}`) && overlaps(`${address}/32`, subnet.cidr));
}

function isIPv4(cidr: string): boolean {
  return !cidr.includes(':');
}

function labelOf(labels: Readonly<Record<string, string>> | null | undefined): string | undefined {
  return labels?.['redis-platform.deployment'];
}
