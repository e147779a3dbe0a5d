import type { Redis } from 'ioredis';
import { explainConnection, type RedisTarget, withRedis } from './redis-connection.js';
import type { Names } from './replication.js';
import type { Finding, SentinelStatus } from './status.js';

/** What every Sentinel should know. */
export interface Expected {
  readonly masterName: string;
  readonly replicas: number;
  readonly sentinels: number;
}

/** What a Sentinel answers, fields as it names them. */
export interface SentinelAnswers {
  readonly master: ReadonlyMap<string, string>;
  readonly replicas: readonly ReadonlyMap<string, string>[];
  readonly others: readonly ReadonlyMap<string, string>[];
  /** `OK ...`, or why no failover could be agreed on. */
  readonly quorum: string;
}

/** Something wrong in what one Sentinel knows. Several often say the same. */
interface Remark {
  readonly about: string;
  readonly what: string;
  readonly advice?: string;
}

export interface SentinelView {
  readonly status: SentinelStatus;
  readonly remarks: readonly Remark[];
  /** Why it could not be asked. */
  readonly silence?: string;
}

export async function askSentinel(
  name: string,
  target: RedisTarget,
  names: Names,
  expected: Expected,
): Promise<SentinelView> {
  try {
    const answers = await withRedis(target, (redis) => readAnswers(redis, expected.masterName));
    return describeSentinel(name, answers, names, expected);
  } catch (error) {
    return {
      status: {
        name,
        master: null,
        flags: [],
        replicas: 0,
        electable: [],
        otherSentinels: 0,
        configEpoch: 0,
        quorum: false,
        ok: false,
      },
      remarks: [],
      silence: explainConnection(error, target),
    };
  }
}

async function readAnswers(redis: Redis, masterName: string): Promise<SentinelAnswers> {
  const ask = (command: string) => redis.call('SENTINEL', command, masterName);
  const [master, replicas, others, quorum] = await Promise.all([
    ask('MASTER'),
    ask('REPLICAS'),
    ask('SENTINELS'),
    ask('CKQUORUM').catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
  ]);
  return {
    master: toMap(master),
    replicas: (replicas as unknown[]).map(toMap),
    others: (others as unknown[]).map(toMap),
    quorum: String(quorum),
  };
}

/** Sentinel answers with names and values in turn. */
function toMap(answer: unknown): ReadonlyMap<string, string> {
  const flat = (answer as unknown[]).map(String);
  return new Map(
    flat.flatMap((key, index): [string, string][] => (index % 2 === 0 ? [[key, flat[index + 1] ?? '']] : [])),
  );
}

export function describeSentinel(
  name: string,
  answers: SentinelAnswers,
  names: Names,
  expected: Expected,
): SentinelView {
  const { master, replicas, others } = answers;
  const flags = flagsOf(master);
  const quorum = answers.quorum.startsWith('OK');
  const status = {
    name,
    master: names(master.get('ip') ?? ''),
    flags,
    replicas: Number(master.get('num-slaves') ?? 0),
    electable: replicas.filter(isElectable).map((replica) => names(replica.get('ip') ?? '')),
    otherSentinels: Number(master.get('num-other-sentinels') ?? 0),
    configEpoch: Number(master.get('config-epoch') ?? 0),
    quorum,
  };
  const remarks: Remark[] = [
    ...masterRemarks(status.master, flags),
    ...countRemarks(name, 'replicas', status.replicas, expected.replicas),
    ...countRemarks(name, 'other Sentinels', status.otherSentinels, expected.sentinels - 1),
    ...replicas.flatMap((replica) => replicaRemarks(names(replica.get('ip') ?? ''), replica)),
    ...others
      .filter((other) => isDown(flagsOf(other)))
      .map((other) => names(other.get('ip') ?? ''))
      .map((who) => ({ about: who, what: `${who} cannot be reached` })),
    ...(quorum ? [] : [{ about: name, what: `a failover could not be agreed on (${answers.quorum})` }]),
  ];
  return { status: { ...status, ok: remarks.length === 0 }, remarks };
}

/** As Sentinel chooses (redis.io, Sentinel documentation, "Replica selection and priority"). */
function isElectable(replica: ReadonlyMap<string, string>): boolean {
  return (
    Number(replica.get('slave-priority') ?? 0) > 0 &&
    replica.get('master-link-status') === 'ok' &&
    !isDown(flagsOf(replica))
  );
}

function masterRemarks(master: string, flags: readonly string[]): Remark[] {
  if (flags.includes('failover_in_progress')) {
    return [{ about: master, what: `${master} is being failed over`, advice: 'Wait a few seconds.' }];
  }
  return isDown(flags) ? [{ about: master, what: `the master ${master} cannot be reached` }] : [];
}

/** A Sentinel never forgets by itself what was removed, and needs a while to meet what was added. */
function countRemarks(name: string, what: string, got: number, wanted: number): Remark[] {
  if (got === wanted) return [];
  const advice =
    got > wanted
      ? 'Run `SENTINEL RESET` there as the user admin, so that it forgets what was removed.'
      : 'It meets the others within seconds; if not, see its log.';
  return [{ about: name, what: `there are ${got} ${what} instead of ${wanted}`, advice }];
}

function replicaRemarks(who: string, replica: ReadonlyMap<string, string>): Remark[] {
  const link = replica.get('master-link-status') ?? 'ok';
  if (isDown(flagsOf(replica))) return [{ about: who, what: `the replica ${who} cannot be reached` }];
  return link === 'ok' ? [] : [{ about: who, what: `the replica ${who} has no link to the master` }];
}

function flagsOf(fields: ReadonlyMap<string, string>): string[] {
  return (fields.get('flags') ?? '').split(',').filter((flag) => flag !== '');
}

function isDown(flags: readonly string[]): boolean {
  return flags.some((flag) => flag.endsWith('_down') || flag === 'disconnected');
}

/** What the Sentinels find wrong, each thing once. */
export function sentinelFindings(views: readonly SentinelView[]): Finding[] {
  const silent = views.flatMap(({ status, silence }): Finding[] =>
    silence === undefined ? [] : [{ about: status.name, problem: `${status.name} cannot be asked: ${silence}` }],
  );
  const remarks = new Map<string, { remark: Remark; by: string[] }>();
  for (const { status, remarks: own } of views) {
    for (const remark of own) {
      const entry = remarks.get(remark.what) ?? { remark, by: [] };
      entry.by.push(status.name);
      remarks.set(remark.what, entry);
    }
  }
  const said = [...remarks.values()].map(({ remark: { about, what, advice }, by }) => ({
    about,
    problem: `${what}, according to ${by.join(', ')}.${advice === undefined ? '' : ` ${advice}`}`,
  }));
  return [...silent, ...said];
}

/** What shows only when the views are laid side by side. */
export function compareSentinels(sentinels: readonly SentinelStatus[], master: string | undefined): Finding[] {
  const named = new Set(sentinels.flatMap((sentinel) => sentinel.master ?? []));
  if (named.size > 1) {
    const views = sentinels.flatMap((sentinel) =>
      sentinel.master === null ? [] : `${sentinel.name}: ${sentinel.master}`,
    );
    return [
      {
        problem: `the Sentinels disagree about the master (${views.join(', ')}). After a failover this lasts seconds.`,
      },
    ];
  }
  const [agreed] = named;
  if (agreed !== undefined && master !== undefined && agreed !== master) {
    return [
      { about: master, problem: `the master port leads to ${master}, but the Sentinels call ${agreed} the master.` },
    ];
  }
  return [];
}
