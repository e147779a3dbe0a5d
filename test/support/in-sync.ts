import { namesByAddress } from '../../cli/status/addresses.js';
import { parseInfo } from '../../cli/status/replication.js';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from './eventually.js';
import type { Platform } from './platform.js';

export interface Roles {
  readonly master: string;
  readonly replicas: readonly string[];
}

/**
 * Who is master, once all replicas have what it had when it was asked and no Sentinel wants another. Then one data node may be lost.
 * @throws the last reason why not
 */
export function inSync(platform: Platform, within: Duration = Duration.seconds(120)): Promise<Roles> {
  return eventually(() => look(platform), { within, every: 200 });
}

async function look(platform: Platform): Promise<Roles> {
  const infos = await infosOf(platform);
  const [master, ...others] = infos.filter(({ info }) => info.get('role') === 'master');
  if (!master || others.length > 0) throw new Error(`${others.length + (master ? 1 : 0)} nodes are masters`);
  const offset = Number(master.info.get('master_repl_offset'));
  const replicas = (await infosOf(platform)).filter(({ node }) => node !== master.node);
  for (const { node, info } of replicas) {
    if (info.get('role') !== 'slave') throw new Error(`${node} is no replica any more`);
    if (info.get('master_link_status') !== 'up') throw new Error(`${node} has no link to ${master.node}`);
    const behind = offset - Number(info.get('slave_repl_offset'));
    if (behind > 0) throw new Error(`${node} is ${behind} bytes behind ${master.node}`);
  }
  await agreed(platform, master.node);
  return { master: master.node, replicas: replicas.map(({ node }) => node) };
}

function infosOf(platform: Platform) {
  return Promise.all(
    platform.nodes.map(async (node) => {
      const client = platform.atNode(node, undefined, { maxRetriesPerRequest: 0 });
      try {
        return { node, info: parseInfo(await client.info('replication')) };
      } catch (error) {
        throw new Error(`${node} does not answer: ${String(error)}`, { cause: error });
      } finally {
        platform.disconnect(client);
      }
    }),
  );
}

/** No Sentinel that answers names another master or is failing over. */
async function agreed(platform: Platform, master: string): Promise<void> {
  const names = namesByAddress(platform.topology, platform.outputs.redis.natMap);
  const views = await Promise.all(platform.sentinels.map((sentinel) => viewOf(platform, sentinel)));
  for (const view of views) {
    if (view?.get('flags')?.includes('failover_in_progress')) throw new Error('a Sentinel is failing over');
    const named = view?.get('ip');
    if (named !== undefined && names.get(named) !== master) throw new Error(`a Sentinel names ${named}`);
  }
}

/** Undefined of a Sentinel that does not answer. */
async function viewOf(platform: Platform, sentinel: string): Promise<ReadonlyMap<string, string> | undefined> {
  const client = platform.atSentinel(sentinel);
  try {
    const answer = (await client.call('SENTINEL', 'MASTER', platform.outputs.redis.masterName)) as string[];
    return new Map(
      answer.flatMap((key, at): [string, string][] => (at % 2 === 0 ? [[key, answer[at + 1] ?? '']] : [])),
    );
  } catch {
    return undefined;
  } finally {
    platform.disconnect(client);
  }
}
