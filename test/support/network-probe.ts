import { setTimeout as pause } from 'node:timers/promises';
import { runHelper } from './helper-container.js';
import type { Platform } from './platform.js';

/** Longer than any answer on one machine takes; what is filtered never answers. */
const CONNECT_SECONDS = 2;

/** A container with its place in the networks, as the engine has it: another instance's addresses are not the declared ones. */
export interface Member {
  readonly service: string;
  readonly name: string;
  readonly container: string;
  /** On all its networks, the static ones and those that the engine chose. */
  readonly addresses: readonly string[];
  /** Those of them to which the engine's machine knows a way: it is itself on every network but the isolated ones. */
  readonly routed: readonly string[];
  /** What its endpoints listen on. */
  readonly endpoints: readonly { readonly name: string; readonly port: number; readonly target: string }[];
  /** What it listens on for the ports that it publishes. */
  readonly published: readonly string[];
}

export async function members({ docker, topology }: Platform): Promise<Member[]> {
  const resource = (name: string | undefined) =>
    topology.networks.find((network) => network.name === name)?.resource ?? '';
  const edge = topology.networks.find(({ internal }) => !internal)?.name;
  const isolated = new Set(await isolatedNetworks({ docker, topology }));
  const all = topology.services.flatMap((service) => service.instances.map((instance) => ({ service, ...instance })));
  return Promise.all(
    all.map(async ({ service, name, container }) => {
      const { Networks } = (await docker.getContainer(container).inspect()).NetworkSettings;
      const at = (network: string | undefined, port: number) =>
        `${Networks[resource(network)]?.IPAddress ?? ''}:${port}`;
      return {
        service: service.name,
        name,
        container,
        addresses: Object.values(Networks).map(({ IPAddress }) => IPAddress),
        routed: Object.entries(Networks).flatMap(([network, { IPAddress }]) =>
          isolated.has(network) ? [] : [IPAddress],
        ),
        endpoints: service.endpoints.map((endpoint) => ({
          name: endpoint.name,
          port: endpoint.port,
          target: at(endpoint.name, endpoint.port),
        })),
        published: topology.published
          .filter((port) => port.service === service.name)
          .map(({ containerPort }) => at(edge, containerPort)),
      };
    }),
  );
}

/** The platform's networks on which the engine's machine has no address, by their names on the engine. */
async function isolatedNetworks({ docker, topology }: Pick<Platform, 'docker' | 'topology'>): Promise<string[]> {
  const isolated = await Promise.all(
    topology.networks.map(async ({ resource }) => {
      const { Options } = (await docker.getNetwork(resource).inspect()) as { Options: Partial<Record<string, string>> };
      return Options['com.docker.network.bridge.gateway_mode_ipv4'] === 'isolated' ? [resource] : [];
    }),
  );
  return isolated.flat();
}

/**
 * Every address of every container with every port that anything in the platform listens on for others.
 * @param which addresses. @default all of them
 */
export function everyTarget(all: readonly Member[], which: 'addresses' | 'routed' = 'addresses'): string[] {
  const listening = all.flatMap(({ endpoints, published }) => [...endpoints.map(({ target }) => target), ...published]);
  const ports = new Set(listening.map((target) => target.split(':')[1] ?? ''));
  return all.flatMap((member) => member[which].flatMap((address) => [...ports].map((port) => `${address}:${port}`)));
}

/** Runs a script in the network of a container, with nobody's rights. */
function inNetworkOf(platform: Platform, container: string, script: string): Promise<string> {
  return runHelper(platform, script, { NetworkMode: `container:${container}` });
}

/** Those of the targets (`address:port`) that accept a connection from a container. All are tried at once. */
export async function reachable(platform: Platform, container: string, targets: readonly string[]): Promise<string[]> {
  const printed = await inNetworkOf(
    platform,
    container,
    `for target in ${targets.join(' ')}; do
       ( : <> "/dev/tcp/\${target%:*}/\${target#*:}" ) 2>/dev/null && echo "$target" &
     done
     sleep ${CONNECT_SECONDS}
     kill $(jobs -p) 2>/dev/null
     echo over`,
  );
  const lines = printed.trim().split('\n');
  if (lines.pop() !== 'over') throw new Error(`the probe in ${container} broke off: ${printed}`);
  return lines.filter((line) => line !== '').sort();
}

/** The addresses that listen in a container, from the kernel's own tables. */
export async function listeners(platform: Platform, container: string): Promise<string[]> {
  const printed = await inNetworkOf(platform, container, 'cat /proc/net/tcp; cat /proc/net/tcp6 2>/dev/null || true');
  return printed
    .split('\n')
    .flatMap((line) => listener(line) ?? [])
    .sort();
}

/** A line of /proc/net/tcp or tcp6: its local address if it is a listening socket (state 0A). */
export function listener(line: string): string | undefined {
  const [, local, , state] = line.trim().split(/\s+/);
  if (state !== '0A' || local === undefined) return undefined;
  const [address = '', port = ''] = local.split(':');
  return `${readAddress(address)}:${parseInt(port, 16)}`;
}

/** Words of four bytes in the byte order of the machine, which is little-endian on all that Docker runs on. */
function readAddress(words: string): string {
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const ipv4 = bytes.slice(-4).map((byte) => parseInt(byte, 16));
  // An IPv6 socket that serves IPv4: `::ffff:127.0.0.1` is 127.0.0.1.
  if (bytes.length === 4 || /^0{20}ffff/i.test(bytes.join(''))) return ipv4.join('.');
  return `[${bytes.join('').toLowerCase().match(/.{4}/g)?.join(':') ?? ''}]`;
}

/** A network like any other on the engine, no part of the platform, with a server and a stranger who reaches it. */
export class Outside {
  private static readonly PORT = 7777;

  private constructor(
    private readonly undo: readonly (() => Promise<unknown>)[],
    /** Name of the stranger's container. */
    readonly stranger: string,
    /** `address:port` of the server. */
    readonly target: string,
  ) {}

  static async open(platform: Platform): Promise<Outside> {
    const { docker, context } = platform;
    const name = `rp-${context.name}-outside`;
    const image = await platform.helperImage();
    const undo: (() => Promise<unknown>)[] = [];
    const run = async (role: string, command: string[]): Promise<string> => {
      const container = await docker.createContainer({
        name: `${name}-${role}`,
        Image: image,
        Cmd: command,
        User: '10001:10001',
        HostConfig: { NetworkMode: name, ReadonlyRootfs: true, CapDrop: ['ALL'] },
      });
      undo.unshift(() => container.remove({ force: true }));
      await container.start();
      return (await container.inspect()).NetworkSettings.Networks[name]?.IPAddress ?? '';
    };
    try {
      const network = await docker.createNetwork({ Name: name, Driver: 'bridge' });
      undo.unshift(() => network.remove() as Promise<unknown>);
      const address = await run('server', ['perl', '-e', SERVER, String(Outside.PORT)]);
      await run('stranger', ['sleep', '300']);
      await pause(200);
      return new Outside(undo, `${name}-stranger`, `${address}:${Outside.PORT}`);
    } catch (error) {
      for (const act of undo) await act();
      throw error;
    }
  }
  async close(): Promise<void> {
    for (const act of this.undo) await act();
  }
}

/** Accepts connections on the port that it is given; perl is what the base image has. */
const SERVER = `use Socket;
socket(my $server, PF_INET, SOCK_STREAM, 0) or die;
bind($server, sockaddr_in($ARGV[0], INADDR_ANY)) or die;
listen($server, 64) or die;
while (accept(my $client, $server)) { close $client }`;
