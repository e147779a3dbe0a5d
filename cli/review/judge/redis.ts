import type { TopologyService } from '../../../constructs/core/topology.js';
import { Size } from '../../../constructs/core/units.js';
import { directives, fileText, sentinelDirectives } from '../config-text.js';
import { type Cause, code, type Finding, fromTo } from '../finding.js';
import type { Level } from '../level.js';
import { about, type Comparison } from './comparison.js';

/** How many writes an AOF setting may lose, from most to least. */
const FSYNC = ['off', 'no', 'everysec', 'always'];

/** What redis.conf and sentinel.conf say that a reviewer should know: read there, as that is what the servers get. */
export function judgeRedis({ matched }: Comparison): Finding[] {
  return matched.pairs.flatMap(({ before, after }) => [
    ...compareFile(before, after, 'redis.conf', directives, judgeServer),
    ...compareFile(before, after, 'sentinel.conf', sentinelDirectives, judgeSentinel),
  ]);
}

/** What the environment calls these. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  'auto-aof-rewrite-percentage': ['appendOnly.rewritePercentage'],
  'auto-aof-rewrite-min-size': ['appendOnly.rewriteMinSize'],
  activedefrag: ['activeDefrag'],
};

type Values = ReadonlyMap<string, string>;
type Report = (level: Level, what: string, why: string, cause: Omit<Cause, 'construct'>) => void;

function compareFile(
  before: TopologyService,
  after: TopologyService,
  file: string,
  parse: (text: string) => Values,
  judge: (before: Values, after: Values, report: Report) => ReadonlySet<string>,
): Finding[] {
  const [old, now] = [fileText(before, file), fileText(after, file)];
  if (old === undefined || now === undefined || old === now) return [];
  const findings: Finding[] = [];
  const [was, is] = [parse(old), parse(now)];
  const judged = judge(was, is, (level, what, why, cause) => {
    findings.push(about(after, level, what, why, cause));
  });
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    if (judged.has(name) || was.get(name) === is.get(name)) continue;
    findings.push(
      about(
        after,
        'other',
        `${file} ${code(name)}: ${fromTo(was.get(name) ?? 'not set', is.get(name) ?? 'not set')}`,
        'The server behaves differently.',
        {
          settings: SETTINGS[name] ?? [],
          words: [...(SETTINGS[name] ?? []).map((path) => path.split('.').at(-1) ?? ''), name],
        },
      ),
    );
  }
  return findings;
}

function judgeServer(was: Values, is: Values, report: Report): ReadonlySet<string> {
  judgePersistence(was, is, report);
  judgeMemory(was, is, report);
  const number = (values: Values, name: string) => Number(values.get(name) ?? 0);
  const [oldMin, newMin] = [number(was, 'min-replicas-to-write'), number(is, 'min-replicas-to-write')];
  const settings = ['minReplicasToWrite', 'replicas'];
  const words = ['minReplicasToWrite', 'min-replicas-to-write'];
  if (newMin < oldMin) {
    report(
      'data',
      `writes need fewer replicas: ${fromTo(oldMin, newMin)}`,
      newMin === 0
        ? 'A master that is cut off goes on accepting writes, which are lost once another one has taken over.'
        : 'A confirmed write is on fewer machines when the master is lost.',
      { settings, words },
    );
  } else if (newMin > oldMin) {
    report(
      'availability',
      `writes need more replicas: ${fromTo(oldMin, newMin)}`,
      'Writes stop when fewer replicas than that are connected.',
      { settings, words },
    );
  }
  const [oldLag, newLag] = [number(was, 'min-replicas-max-lag'), number(is, 'min-replicas-max-lag')];
  if (newLag !== oldLag) {
    const looser = newLag > oldLag || newLag === 0;
    report(
      looser ? 'data' : 'availability',
      `a replica counts as connected up to another lag: ${fromTo(`${oldLag} s`, `${newLag} s`)}`,
      looser
        ? 'A master that is cut off accepts writes for longer; they are lost.'
        : 'Writes stop sooner when replicas lag.',
      { words: ['min-replicas-max-lag'] },
    );
  }
  if (was.get('dir') !== is.get('dir')) {
    report(
      'data',
      `data is kept in another folder: ${fromTo(was.get('dir'), is.get('dir'))}`,
      'The server starts without its data, and what it writes may be on no volume.',
      { words: ["'dir ", 'dir '] },
    );
  }
  if (was.get('protected-mode') === 'yes' && is.get('protected-mode') !== 'yes') {
    report('exposure', 'protected mode is off', 'Without it, a server without a password answers everybody.', {
      words: ['protected-mode'],
    });
  }
  return new Set([
    'appendonly',
    'appendfsync',
    'save',
    'maxmemory',
    'maxmemory-policy',
    'min-replicas-to-write',
    'min-replicas-max-lag',
    'dir',
    'protected-mode',
    // Of no consequence without it.
    ...(is.get('appendonly') === 'yes' && was.get('appendonly') === 'yes'
      ? []
      : ['auto-aof-rewrite-percentage', 'auto-aof-rewrite-min-size']),
  ]);
}

function judgePersistence(was: Values, is: Values, report: Report): void {
  const fsync = (values: Values) =>
    values.get('appendonly') === 'yes' ? (values.get('appendfsync') ?? 'everysec') : 'off';
  const [before, after] = [fsync(was), fsync(is)];
  const aof = {
    settings: ['appendOnly.fsync', 'appendOnly'],
    words: ['fsync', 'appendOnly', 'appendonly', 'APPEND_ONLY'],
  };
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
  const [old, now] = [savePoints(was), savePoints(is)];
  const covered = (point: SavePoint, by: readonly SavePoint[]) =>
    by.some(({ seconds, changes }) => seconds <= point.seconds && changes <= point.changes);
  const lost = old.filter((point) => !covered(point, now));
  const gained = now.filter((point) => !covered(point, old));
  const shown = (points: readonly SavePoint[]) =>
    points.map(({ seconds, changes }) => code(`${changes} changes in ${seconds} s`)).join(', ');
  const save = {
    settings: ['savePoints'],
    words: ['savePoints', 'SAVE_POINTS', 'save ', ...lost.map(({ seconds }) => String(seconds))],
  };
  if (lost.length > 0) {
    report(
      'data',
      now.length === 0 ? 'snapshots are off' : `snapshots are made less often: no longer after ${shown(lost)}`,
      is.get('appendonly') === 'yes'
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

interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

function savePoints(values: Values): SavePoint[] {
  const numbers = (values.get('save') ?? '')
    .split(/\s+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, index) => ({
    seconds: numbers[index * 2] ?? 0,
    changes: numbers[index * 2 + 1] ?? 0,
  }));
}

function judgeMemory(was: Values, is: Values, report: Report): void {
  const [oldPolicy, policy] = [was, is].map((values) => values.get('maxmemory-policy') ?? 'noeviction');
  if (policy !== oldPolicy) {
    report(
      'data',
      `what happens when memory is full changed: ${fromTo(oldPolicy, policy)}`,
      policy === 'noeviction'
        ? 'Writes fail when memory is full, where keys were removed before.'
        : policy?.startsWith('volatile')
          ? 'Keys with a time to live are removed when memory is full.'
          : 'Any key can be removed when memory is full, whether it was meant to stay or not.',
      { settings: ['evictionPolicy'], words: ['evictionPolicy', 'maxmemory-policy', policy ?? ''] },
    );
  }
  const [old, now] = [was, is].map((values) => Number(values.get('maxmemory') ?? 0));
  if (old === undefined || now === undefined || old === now) return;
  const text = (bytes: number) => (bytes === 0 ? 'without a limit' : String(Size.bytes(bytes)));
  const cause = { settings: ['maxMemory'], words: ['maxMemory', 'maxmemory '] };
  if (now !== 0 && (old === 0 || now < old)) {
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

function judgeSentinel(was: Values, is: Values, report: Report): ReadonlySet<string> {
  const monitor = (values: Values) => (values.get('monitor') ?? '').split(/\s+/);
  const [[oldName, , , oldQuorum], [name, , , quorum]] = [monitor(was), monitor(is)];
  if (name !== oldName) {
    report(
      'availability',
      `the master is called something else: ${fromTo(oldName, name)}`,
      'Clients that ask the Sentinels for the old name find nothing.',
      {
        settings: ['masterName'],
        words: ['masterName'],
      },
    );
  }
  if (quorum !== oldQuorum) {
    report(
      'availability',
      `Sentinels that must agree that the master is down: ${fromTo(oldQuorum, quorum)}`,
      Number(quorum) < Number(oldQuorum)
        ? 'Fewer can start a failover: one that sees the network wrongly counts for more.'
        : 'More must be up for a failover to start.',
      { settings: ['quorum', 'sentinels'], words: ['quorum', 'sentinels'] },
    );
  }
  const milliseconds = (values: Values, option: string) => Number((values.get(option) ?? '0').split(/\s+/).at(-1));
  for (const [option, setting, longer, shorter] of [
    [
      'down-after-milliseconds',
      'downAfter',
      'A dead master is noticed later: writes fail for longer.',
      'A slow master is taken for a dead one sooner: needless failovers.',
    ],
    [
      'failover-timeout',
      'failoverTimeout',
      'A failover that hangs is tried again later.',
      'A failover that is slow is broken off sooner.',
    ],
  ] as const) {
    const [old, now] = [milliseconds(was, option), milliseconds(is, option)];
    if (old === now) continue;
    report('availability', `${code(option)}: ${fromTo(`${old} ms`, `${now} ms`)}`, now > old ? longer : shorter, {
      settings: [setting],
      words: [setting, option],
    });
  }
  return new Set([
    'monitor',
    'down-after-milliseconds',
    'failover-timeout',
    ...(name === oldName ? [] : ['parallel-syncs']),
  ]);
}
