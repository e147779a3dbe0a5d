import type Docker from 'dockerode';
import { asRecord, text } from '../../policies/judge/values.js';
import type { Difference } from './difference.js';
import type { Declared, DeclaredMembership } from './program.js';

type Membership = Docker.ContainerInspectInfo['NetworkSettings']['Networks'][string];

/** How the networks that a container is a member of differ from those that it is declared to be a member of. */
export function membershipDifferences(
  { address, name }: Declared,
  declared: readonly DeclaredMembership[],
  container: Docker.ContainerInspectInfo,
  /** By name, those that are declared. */
  networks: ReadonlyMap<string, Docker.NetworkInspectInfo>,
): Difference[] {
  const actual = container.NetworkSettings.Networks;
  const replace = { by: 'replace', addresses: [address] } as const;
  const extra = Object.entries(actual).flatMap(([network, { NetworkID }]): Difference[] => {
    // `none` is what a container without networks is in.
    if (network === 'none' || declared.some((one) => one.network === network)) return [];
    const what = `container ${name} is also a member of network ${network}`;
    return [{ what, address, repair: { by: 'disconnect', container: container.Id, network: NetworkID || network } }];
  });
  const wrong = declared.flatMap((wanted): Difference[] => {
    const membership = actual[wanted.network];
    if (!membership) {
      return [{ what: `container ${name} is no member of network ${wanted.network}`, address, repair: replace }];
    }
    return problems(wanted, membership, container, networks.get(wanted.network)).map((problem) => ({
      what: `container ${name} ${problem}`,
      address,
      repair: replace,
    }));
  });
  return [...extra, ...wrong];
}

function problems(
  { network, address, aliases }: DeclaredMembership,
  membership: Membership,
  container: Docker.ContainerInspectInfo,
  actual: Docker.NetworkInspectInfo | undefined,
): string[] {
  const found: string[] = [];
  if (actual && membership.NetworkID !== '' && membership.NetworkID !== actual.Id) {
    found.push(`is a member of another network that was called ${network}`);
  }
  // Addresses that the engine chose change with every restart; those that were asked for stand in IPAMConfig.
  const asked = asRecord(membership.IPAMConfig);
  const [v4, v6] = [text(asked['IPv4Address']), text(asked['IPv6Address'])];
  const wrongNow = address !== undefined && container.State.Running && membership.IPAddress !== address;
  if (v4 !== address || v6 !== undefined || wrongNow) {
    const got = wrongNow ? membership.IPAddress : [v4, v6].filter((one) => one !== undefined).join(' and ');
    found.push(
      `has the address ${got || 'that the engine chose'} in network ${network}, declared ${address ?? 'none'}`,
    );
  }
  const own = [container.Id.slice(0, 12), container.Config.Hostname, container.Name.slice(1), ...aliases];
  const others = ((membership.Aliases ?? []) as string[]).filter((alias) => !own.includes(alias));
  if (others.length > 0) found.push(`is also called ${others.join(', ')} in network ${network}`);
  return found;
}
