import { setTimeout as pause } from 'node:timers/promises';
import { bringUp as bringUpContext } from '../../cli/start/start.js';
import { changedContext } from './changed-context.js';
import { bringUp, command, Faults, interruptedStart } from './faults.js';
import { NetworkFaults } from './network-faults.js';
import type { Platform } from './platform.js';
import { SmallDisk } from './small-disk.js';
import { blockNode, freezeFor } from './sweep.js';

/** What a fault hits, and for how long. */
export interface Scene {
  readonly platform: Platform;
  readonly faults: Faults;
  readonly network: NetworkFaults;
  readonly master: string;
  readonly replica: string;
  /** Any node. */
  readonly node: string;
  readonly sentinel: string;
  readonly otherSentinel: string;
  readonly api: string;
  readonly milliseconds: number;
  /** KiB a second of a slow network. */
  readonly speed: number;
}

interface Kind {
  /**
   * It takes a node's data away, for a while or for good. WAIT 1 survives one such loss at a time, so it happens once all replicas
   * are in sync.
   */
  readonly hitsData: boolean;
  /** `background`: the next fault need not wait for its end. `alone`: it waits until all before it are over. */
  readonly beside: 'background' | 'foreground' | 'alone';
  readonly happen: (scene: Scene) => Promise<unknown>;
}

const data = (happen: Kind['happen']): Kind => ({ hitsData: true, beside: 'foreground', happen });
const change = (happen: Kind['happen']): Kind => ({ hitsData: true, beside: 'alone', happen });
const brief = (happen: Kind['happen']): Kind => ({ hitsData: false, beside: 'foreground', happen });
const aside = (happen: Kind['happen']): Kind => ({ hitsData: false, beside: 'background', happen });

const OF_NODES = {
  'kill redis-server of the master': data(({ faults, master }) => faults.killRedisServer(master)),
  'kill redis-server of a replica': data(({ faults, replica }) => faults.killRedisServer(replica)),
  'kill the supervisor of the master': data(({ faults, master }) => faults.killProcess(master, 'redis-node')),
  'kill the supervisor of a replica': data(({ faults, replica }) => faults.killProcess(replica, 'redis-node')),
  'kill the container of the master': data(({ faults, master }) => faults.killContainerProcess(master)),
  'kill the container of a replica': data(({ faults, replica }) => faults.killContainerProcess(replica)),
  'freeze the master': data(({ platform, master, milliseconds }) => freezeFor(platform, milliseconds, master)),
  'freeze a replica': data(({ platform, replica, milliseconds }) => freezeFor(platform, milliseconds, replica)),
  'freeze redis-server of the master': data(({ faults, master, milliseconds }) =>
    faults.freezeProcess(master, 'redis-server', milliseconds),
  ),
  'freeze the supervisor of the master': data(({ faults, master, milliseconds }) =>
    faults.freezeProcess(master, 'redis-node', milliseconds),
  ),
  'a long script on the master': data(({ platform, master, milliseconds }) =>
    blockNode(platform, master, milliseconds),
  ),
  'restart the master': data(({ faults, master }) => faults.restart(master)),
  'restart a replica': data(({ faults, replica }) => faults.restart(replica)),
  'stop the master, start it later': data(async ({ faults, master, milliseconds }) => {
    await faults.stop(master);
    await pause(milliseconds);
    await faults.start(master);
  }),
  'close all connections of a node': brief(async ({ platform, node }) => {
    const client = platform.atNode(node);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => undefined);
    platform.disconnect(client);
  }),
} satisfies Record<string, Kind>;

const OF_OTHERS = {
  'kill a Sentinel': aside(({ faults, sentinel }) => faults.killContainerProcess(sentinel)),
  'kill two Sentinels': aside(({ faults, sentinel, otherSentinel }) =>
    Promise.all([faults.killContainerProcess(sentinel), faults.killContainerProcess(otherSentinel)]),
  ),
  'freeze a Sentinel': aside(({ platform, sentinel, milliseconds }) => freezeFor(platform, milliseconds, sentinel)),
  'freeze two Sentinels': aside(({ platform, sentinel, otherSentinel, milliseconds }) =>
    freezeFor(platform, milliseconds, sentinel, otherSentinel),
  ),
  'restart a Sentinel': aside(({ faults, sentinel }) => faults.restart(sentinel)),
  'stop a Sentinel, start it later': aside(async ({ faults, sentinel, milliseconds }) => {
    await faults.stop(sentinel);
    await pause(milliseconds);
    await faults.start(sentinel);
  }),
  'kill an API': aside(({ faults, api }) => faults.killContainerProcess(api)),
  'freeze an API': aside(({ platform, api, milliseconds }) => freezeFor(platform, milliseconds, api)),
  'restart an API': aside(({ faults, api }) => faults.restart(api)),
  'kill the proxy': aside(({ faults }) => faults.killContainerProcess('proxy-0')),
  'freeze the proxy': aside(({ platform, milliseconds }) => freezeFor(platform, milliseconds, 'proxy-0')),
} satisfies Record<string, Kind>;

const OF_NETWORKS = {
  'cut a replica off': data(({ faults, replica, milliseconds }) => faults.cutOff(replica, milliseconds)),
  'cut the master off': data(({ faults, master, milliseconds }) => faults.cutOff(master, milliseconds)),
  'cut a Sentinel off': brief(({ faults, sentinel, milliseconds }) => faults.cutOff(sentinel, milliseconds)),
  'the master sends slowly': data(({ network, master, speed, milliseconds }) =>
    network.slowDown(master, speed, milliseconds),
  ),
  'a replica sends slowly': data(({ network, replica, speed, milliseconds }) =>
    network.slowDown(replica, speed, milliseconds),
  ),
  'a Sentinel sends slowly': brief(({ network, sentinel, speed, milliseconds }) =>
    network.slowDown(sentinel, speed, milliseconds),
  ),
  'the proxy sends slowly': aside(({ network, speed, milliseconds }) =>
    network.slowDown('proxy-0', speed, milliseconds),
  ),
  'what the master sends a replica is lost': data(({ network, master, replica, milliseconds }) =>
    network.lose(master, replica, milliseconds),
  ),
  'what a replica sends the master is lost': data(({ network, master, replica, milliseconds }) =>
    network.lose(replica, master, milliseconds),
  ),
  'what a Sentinel sends a node is lost': brief(({ network, sentinel, node, milliseconds }) =>
    network.lose(sentinel, node, milliseconds),
  ),
  'what a node sends a Sentinel is lost': brief(({ network, sentinel, node, milliseconds }) =>
    network.lose(node, sentinel, milliseconds),
  ),
  'what a Sentinel sends another is lost': brief(({ network, sentinel, otherSentinel, milliseconds }) =>
    network.lose(sentinel, otherSentinel, milliseconds),
  ),
  'what an API sends a node is lost': aside(({ network, api, node, milliseconds }) =>
    network.lose(api, node, milliseconds),
  ),
  'what the proxy sends a node is lost': aside(({ network, node, milliseconds }) =>
    network.lose('proxy-0', node, milliseconds),
  ),
} satisfies Record<string, Kind>;

/** Of people; each takes many seconds, so they are drawn less often. */
const OF_COMMANDS = {
  status: aside(({ platform }) => command(platform, 'status')),
  plan: aside(({ platform }) => command(platform, 'plan')),
  start: change(({ platform }) => bringUp(platform)),
  'start with another maxMemory': change(({ platform }) =>
    bringUpContext(
      changedContext(platform, (declared) => ({ ...declared, redis: { ...declared.redis, maxMemory: '40MiB' } })),
      {},
    ),
  ),
  'remove a replica with its data, start': change(async ({ platform, faults, replica }) => {
    await faults.removeWithData(replica);
    await bringUp(platform);
  }),
  'remove the master with its data, start': change(async ({ platform, faults, master }) => {
    await faults.removeWithData(master);
    await bringUp(platform);
  }),
  'remove a Sentinel, interrupt the start, start': change(async ({ platform, faults, sentinel, milliseconds }) => {
    await faults.remove(sentinel);
    await interruptedStart(platform, 'SIGINT', milliseconds);
    await bringUp(platform);
  }),
  'remove a replica with its data, kill the start, start': change(
    async ({ platform, faults, replica, milliseconds }) => {
      await faults.removeWithData(replica);
      await interruptedStart(platform, 'SIGKILL', milliseconds);
      await bringUp(platform);
    },
  ),
  'the disk of a replica is full for a while': change(async ({ platform, replica, milliseconds }) => {
    const disk = await SmallDisk.give(platform, replica);
    await disk.fill();
    await pause(milliseconds);
    await disk.empty();
    await disk.takeBack();
  }),
} satisfies Record<string, Kind>;

/**
 * What can happen. Not among them, as docs/failover.md promises nothing then: all nodes killed at the same moment, two data nodes lost
 * at once, and a partition that leaves clients on the old master's side with a replica. Nor a step of the clock: containers share the
 * machine's, and there is no namespace of it.
 */
const KINDS = { ...OF_NODES, ...OF_OTHERS, ...OF_NETWORKS, ...OF_COMMANDS };

export type FaultKind = keyof typeof KINDS;
const kindsOf = (table: object) => Object.keys(table) as FaultKind[];
export const QUICK_KINDS: readonly FaultKind[] = [OF_NODES, OF_OTHERS, OF_NETWORKS].flatMap(kindsOf);
export const SLOW_KINDS: readonly FaultKind[] = kindsOf(OF_COMMANDS);
/**
 * They take a container out of its networks for a while. Engines before 23 can count an endpoint too many afterwards, and then cannot remove
 * the network until they are restarted.
 */
export const DISCONNECTING: readonly FaultKind[] = ['cut a replica off', 'cut the master off', 'cut a Sentinel off'];

export function kindOf(name: FaultKind): Kind {
  return KINDS[name];
}
