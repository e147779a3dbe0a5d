import { Size } from '../../../constructs/core/units.js';
import { serviceNamed } from '../../../constructs/models.js';
import type { RedisModel } from '../../../constructs/redis/model.js';
import type { SavePoint } from '../../../constructs/redis/persistence.js';
import { type Cause, code, type Finding, fromTo } from '../finding.js';
import type { Level } from '../level.js';
import { modelPairs } from '../models.js';
import { about, type Comparison } from './comparison.js';

/** How many writes an AOF setting may lose, from most to least. */
const FSYNC = ['off', 'no', 'everysec', 'always'];

type Report = (level: Level, what: string, why: string, cause: Omit<Cause, 'construct'>) => void;

/** What a reviewer should know of nodes and Sentinels, but for users (credentials.ts) and what has no danger of its own (models.ts). */
export function judgeRedis(comparison: Comparison): Finding[] {
  return modelPairs(comparison, 'redis').flatMap(({ before: was, after: is, service: nodes }) => {
    const findings: Finding[] = [];
    const sentinels = serviceNamed(comparison.after.topology, is.sentinels.service) ?? nodes;
    const reportOn =
      (service: typeof nodes): Report =>
      (level, what, why, cause) => {
        findings.push(about(service, level, what, why, cause));
      };
    judgePersistence(was.nodes, is.nodes, reportOn(nodes));
    judgeMemory(was.nodes, is.nodes, reportOn(nodes));
    judgeWrites(was, is, reportOn(nodes));
    judgeSentinels(was, is, reportOn(sentinels));
    return findings;
  });
}

function judgeWrites(was: RedisModel, is: RedisModel, report: Report): void {
  if (was.fencing !== is.fencing) {
    const cause = { settings: ['fencing', 'sentinels', 'replicas'], words: ['fencing', 'sentinels', 'replicas'] };
    const what = `fencing: ${fromTo(was.fencing, is.fencing)}`;
    if (is.fencing === 'off') {
      report('data', what, 'A master that was frozen confirms writes that its successor knows nothing of.', cause);
    } else report('availability', what, 'A master that too few Sentinels answer refuses writes.', cause);
  }
  const [oldMin, newMin] = [was.nodes.minReplicasToWrite, is.nodes.minReplicasToWrite];
  const cause = { settings: ['minReplicasToWrite', 'replicas'], words: ['minReplicasToWrite'] };
  if (newMin < oldMin) {
    report(
      'data',
      `writes need fewer replicas: ${fromTo(oldMin, newMin)}`,
      newMin === 0
        ? 'A master that is cut off goes on accepting writes, which are lost once another one has taken over.'
        : 'A confirmed write is on fewer machines when the master is lost.',
      cause,
    );
  } else if (newMin > oldMin) {
    report(
      'availability',
      `writes need more replicas: ${fromTo(oldMin, newMin)}`,
      'Writes stop when fewer replicas than that are connected.',
      cause,
    );
  }
  const [oldLag, newLag] = [was.nodes.maxLagSeconds, is.nodes.maxLagSeconds];
  if (newLag !== oldLag) {
    const looser = newLag > oldLag || newLag === 0;
    report(
      looser ? 'data' : 'availability',
      `a replica counts as connected up to another lag: ${fromTo(`${oldLag} s`, `${newLag} s`)}`,
      looser
        ? 'A master that is cut off accepts writes for longer; they are lost.'
        : 'Writes stop sooner when replicas lag.',
      { words: ['maxLagSeconds'] },
    );
  }
  if (was.dataFolder !== is.dataFolder) {
    report(
      'data',
      `data is kept in another folder: ${fromTo(was.dataFolder, is.dataFolder)}`,
      'The server starts without its data, and what it writes may be on no volume.',
      { words: ['dataFolder'] },
    );
  }
  if (was.protectedMode && !is.protectedMode) {
    report('exposure', 'protected mode is off', 'Without it, a server without a password answers everybody.', {
      words: ['protectedMode'],
    });
  }
}

function judgePersistence(was: RedisModel['nodes'], is: RedisModel['nodes'], report: Report): void {
  const [before, after] = [was, is].map(({ appendOnly }) => appendOnly?.fsync ?? 'off') as [string, string];
  const aof = { settings: ['appendOnly.fsync', 'appendOnly'], words: ['fsync', 'appendOnly', 'APPEND_ONLY'] };
  if (FSYNC.indexOf(after) < FSYNC.indexOf(before)) {
    report(
      'data',
      after === 'off' ? 'the append-only file is off' : `writes reach the disk later: fsync ${fromTo(before, after)}`,
      after === 'off'
        ? 'After a crash of all nodes, everything since the last snapshot is lost.'
        : after === 'no'
          ? 'When the machine dies, writes of up to half a minute are lost.'
          : 'When the machine dies, up to a second of writes is lost.',
      aof,
    );
  } else if (after !== before) {
    report(
      'other',
      `writes reach the disk sooner: fsync ${fromTo(before, after)}`,
      'Fewer writes can be lost; writing takes longer.',
      aof,
    );
  }
  const [old, now] = [was.savePoints, is.savePoints];
  const covered = (point: SavePoint, by: readonly SavePoint[]) =>
    by.some(({ seconds, changes }) => seconds <= point.seconds && changes <= point.changes);
  const lost = old.filter((point) => !covered(point, now));
  const gained = now.filter((point) => !covered(point, old));
  const shown = (points: readonly SavePoint[]) =>
    points.map(({ seconds, changes }) => code(`${changes} changes in ${seconds} s`)).join(', ');
  const save = {
    settings: ['savePoints'],
    words: ['savePoints', 'SAVE_POINTS', ...lost.map(({ seconds }) => String(seconds))],
  };
  if (lost.length > 0) {
    report(
      'data',
      now.length === 0 ? 'snapshots are off' : `snapshots are made less often: no longer after ${shown(lost)}`,
      is.appendOnly
        ? 'The append-only file is the only copy on disk that is up to date.'
        : 'A crash loses everything since the last snapshot.',
      save,
    );
  } else if (gained.length > 0) {
    report(
      'other',
      `snapshots are made more often: also after ${shown(gained)}`,
      'Each one copies memory that is written meanwhile.',
      save,
    );
  }
}

function judgeMemory(was: RedisModel['nodes'], is: RedisModel['nodes'], report: Report): void {
  const [oldPolicy, policy] = [was.evictionPolicy, is.evictionPolicy];
  if (policy !== oldPolicy) {
    report(
      'data',
      `what happens when memory is full changed: ${fromTo(oldPolicy, policy)}`,
      policy === 'noeviction'
        ? 'Writes fail when memory is full, where keys were removed before.'
        : policy.startsWith('volatile')
          ? 'Keys with a time to live are removed when memory is full.'
          : 'Any key can be removed when memory is full, whether it was meant to stay or not.',
      { settings: ['evictionPolicy'], words: ['evictionPolicy', policy] },
    );
  }
  const [old, now] = [was.maxMemoryBytes, is.maxMemoryBytes];
  if (old === now) return;
  const text = (bytes: number) => String(Size.bytes(bytes));
  const cause = { settings: ['maxMemory'], words: ['maxMemory'] };
  if (now < old) {
    report(
      'data',
      `room for data shrinks: ${fromTo(text(old), text(now))}`,
      policy === 'noeviction'
        ? 'Where more is stored already, every write fails.'
        : 'Where more is stored already, keys are removed at once.',
      cause,
    );
  } else report('other', `room for data grows: ${fromTo(text(old), text(now))}`, 'More keys fit in.', cause);
}

function judgeSentinels(was: RedisModel, is: RedisModel, report: Report): void {
  if (was.masterName !== is.masterName) {
    report(
      'data',
      `the master is called something else: ${fromTo(was.masterName, is.masterName)}`,
      'Sentinels know nothing of that name: who is master, and whose data counts, is what the nodes have recorded. `npm start` asks, and stops them in an order that keeps the master; plain `cdktf deploy` does neither. Clients that ask for the old name find nothing.',
      { settings: ['masterName'], words: ['masterName'] },
    );
  }
  const [oldQuorum, quorum] = [was.sentinels.quorum, is.sentinels.quorum];
  if (quorum !== oldQuorum) {
    report(
      'availability',
      `Sentinels that must agree that the master is down: ${fromTo(oldQuorum, quorum)}`,
      quorum < oldQuorum
        ? 'Fewer can start a failover: one that sees the network wrongly counts for more.'
        : 'More must be up for a failover to start.',
      { settings: ['quorum', 'sentinels'], words: ['quorum', 'sentinels'] },
    );
  }
  const compare = (option: string, setting: string, old: number, now: number, longer: string, shorter: string) => {
    if (old === now) return;
    const what = `${code(option)}: ${fromTo(`${old} ms`, `${now} ms`)}`;
    report('availability', what, now > old ? longer : shorter, { settings: [setting], words: [setting] });
  };
  compare(
    'down-after-milliseconds',
    'downAfter',
    was.downAfterMs,
    is.downAfterMs,
    'A dead master is noticed later: writes fail for longer.',
    'A slow master is taken for a dead one sooner: needless failovers.',
  );
  compare(
    'failover-timeout',
    'failoverTimeout',
    was.sentinels.failoverTimeoutMs,
    is.sentinels.failoverTimeoutMs,
    'A failover that hangs is tried again later.',
    'A failover that is slow is broken off sooner.',
  );
}
