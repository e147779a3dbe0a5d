import { explainConnection, type RedisTarget, withRedis } from './redis-connection.js';
import type { Finding, LeaseStatus, RedisStatus, ReplicaStatus } from './status.js';

/** A replica that was silent for longer does not count for min-replicas-to-write (min-replicas-max-lag in redis.conf). */
const MAX_LAG_SECONDS = 3;

export type Names = (address: string) => string;

/** What the published master port leads to. */
export interface MasterView {
  readonly status: RedisStatus | null;
  readonly findings: readonly Finding[];
}

/** @param nodes short names of all nodes */
export async function askMaster(target: RedisTarget, names: Names, nodes: readonly string[]): Promise<MasterView> {
  try {
    const [info, announced] = await withRedis(target, (redis) =>
      Promise.all([
        redis.call('INFO', 'replication', 'persistence', 'rplease'),
        redis.call('CONFIG', 'GET', 'replica-announce-ip'),
      ]),
    );
    return describeMaster(String(info), (announced as string[])[1] ?? '', names, nodes);
  } catch (error) {
    return {
      status: null,
      findings: [{ problem: `no Redis master answers: ${explainConnection(error, target)}` }],
    };
  }
}

/**
 * @param info of the sections `replication`, `persistence` and, where fencing is on, `rplease`
 * @param address the node's own
 */
export function describeMaster(info: string, address: string, names: Names, nodes: readonly string[]): MasterView {
  const fields = parseInfo(info);
  const master = names(address);
  const offset = Number(fields.get('master_repl_offset') ?? 0);
  const connected = parseReplicas(fields, offset, names);
  const missing = nodes.filter((name) => name !== master && !connected.some((replica) => replica.name === name));
  const replicas = [...connected, ...missing.map(notConnected)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const findings: Finding[] = replicas.flatMap((replica) => replicaFindings(replica, master));
  if (fields.get('role') !== 'master') {
    findings.push({ about: master, problem: `the master port leads to ${master}, which is a replica.` });
  }
  for (const [field, what] of [
    ['rdb_last_bgsave_status', 'save its last snapshot (RDB)'],
    ['aof_last_write_status', 'write its append-only file (AOF)'],
    ['aof_last_bgrewrite_status', 'rewrite its append-only file (AOF)'],
  ] as const) {
    if (fields.get(field) === 'err') {
      findings.push({
        about: master,
        problem: `${master} could not ${what}. Look at its log, and at the room on its disk.`,
      });
    }
  }
  const lease = parseLease(fields);
  if (lease?.remainingMs === 0) findings.push(waitsForLease(master));
  return { status: { master, address, offset, replicas, lease }, findings };
}

/** `name:value` lines, as INFO prints them. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return line.startsWith('#') || colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
  });
  return new Map(entries);
}

/** Null without the module that fences, or where fencing is off. */
function parseLease(fields: ReadonlyMap<string, string>): LeaseStatus | null {
  if (!fields.has('rplease_writable')) return null;
  return {
    remainingMs: Number(fields.get('rplease_remaining_ms') ?? 0),
    fences: Number(fields.get('rplease_fences') ?? 0),
  };
}

export function waitsForLease(master: string): Finding {
  return {
    about: master,
    problem: `${master} is the master and waits for its lease: it takes no writes until most Sentinels answer it.`,
  };
}

/** `slave0:ip=10.213.0.131,port=6379,state=online,offset=1234,lag=0` */
function parseReplicas(fields: ReadonlyMap<string, string>, masterOffset: number, names: Names): ReplicaStatus[] {
  return [...fields].flatMap(([field, value]) => {
    if (!/^slave\d+$/.test(field)) return [];
    const parts = new Map(value.split(',').map((part) => part.split('=') as [string, string]));
    const address = parts.get('ip') ?? '';
    const offset = Number(parts.get('offset') ?? 0);
    return {
      name: names(address),
      address,
      link: parts.get('state') ?? 'unknown',
      offset,
      bytesBehind: Math.max(0, masterOffset - offset),
      lagSeconds: Number(parts.get('lag') ?? 0),
    };
  });
}

function notConnected(name: string): ReplicaStatus {
  return { name, address: '', link: 'missing', offset: 0, bytesBehind: 0, lagSeconds: 0 };
}

function replicaFindings({ name, link, lagSeconds }: ReplicaStatus, master: string): Finding[] {
  if (link === 'missing') return [{ about: name, problem: `${name} does not replicate from the master, ${master}.` }];
  if (link !== 'online') return [{ about: name, problem: `${name} is not in sync with ${master} yet (${link}).` }];
  if (lagSeconds > MAX_LAG_SECONDS) {
    return [
      {
        about: name,
        problem: `${name} was last heard of by ${master} ${lagSeconds} s ago (more than ${MAX_LAG_SECONDS} s).`,
      },
    ];
  }
  return [];
}
