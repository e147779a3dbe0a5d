import { networkInterfaces } from 'node:os';
import type { Problem } from '../../constructs/core/platform-error.js';
import { overlaps } from '../../constructs/network/address-plan.js';
import type { Context } from '../context.js';
import type { Engine } from '../machine/engine.js';

/** A range of addresses that is in use. */
export interface UsedRange {
  readonly cidr: string;
  /** Who uses it, for people. */
  readonly by: string;
}

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

function hostRanges(): UsedRange[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }) =>
      family === 'IPv4' && cidr !== null ? [{ cidr, by: `the host's interface ${name}` }] : [],
    ),
  );
}

/** A Linux host has an interface in each of the engine's networks, which is listed by its own name already. */
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
