import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { execa } from 'execa';
import { checkArchive } from '../../cli/backup/archive.js';
import type { Manifest } from '../../cli/backup/manifest.js';
import type { Context } from '../../cli/context.js';
import { createContext } from '../support/context.js';
import { Duration } from '../../constructs/core/units.js';
import type { Scheduled } from '../../cli/backup/scheduled.js';
import { bringUp } from '../../cli/start/start.js';
import { environments } from '../../environments/index.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import { contentsOf } from '../support/contents.js';
import { eventually } from '../support/eventually.js';
import { command, commandLine, Faults } from '../support/faults.js';
import { runHelper } from '../support/helper-container.js';
import { type Confirmed, Ledger, missing } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';
import { Platform } from '../support/platform.js';

const STARTS_MS = 300_000;
/** Of several; on a machine that is busy otherwise, one has taken two minutes instead of 12 s. */
const RESTORES_WITHIN = Duration.seconds(900);
/** Windows has none: a signal there is a kill. */
const SIGNALS = process.platform !== 'win32';
const platform = usePlatform();
const folder = mkdtempSync(join(tmpdir(), 'backup-'));
const file = join(folder, 'of the test.tar');

/** Another copy of `ci`, which gets what was backed up. */
let context: Context;
let other: Platform;
let before: readonly Confirmed[] = [];
let overFailover: { readonly file: string; readonly confirmed: readonly Confirmed[] };

beforeAll(async () => {
  const { instance = '' } = platform().context;
  context = createContext({ env: 'ci', instance: `back${instance}`.slice(0, 16) });
  const { exitCode, all } = await command({ context }, 'start');
  if (exitCode !== 0) throw new Error(`a start ended with ${exitCode}:\n${all}`);
  other = await Platform.open({ env: 'ci', instance: context.instance });
}, STARTS_MS);
afterAll(async () => {
  await other.close();
  await command({ context }, 'destroy', '--delete-data', '--yes');
  rmSync(join(context.project.folder, '.platform', 'backups', context.name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}, STARTS_MS);

/** Containers of the other one with the moment of their start, and helpers if any were left. */
async function containers(): Promise<string[]> {
  const filters = { label: [`redis-platform.deployment=${context.name}`] };
  const listed = await other.docker.listContainers({ all: true, filters });
  const inspected = await Promise.all(listed.map(({ Id }) => other.docker.getContainer(Id).inspect()));
  return inspected.map(({ Name, State }) => `${Name} ${State.StartedAt}`).sort();
}

async function set(key: string, value: string): Promise<void> {
  const client = other.atMaster();
  await client.set(key, value);
  await client.wait(1, 2000);
  other.disconnect(client);
}

async function get(...keys: string[]): Promise<(string | null)[]> {
  const client = other.atMaster();
  const values = await client.mget(keys);
  other.disconnect(client);
  return values;
}

async function lost(confirmed = before): Promise<string[]> {
  const reader = other.atMaster();
  const keys = await missing(reader, confirmed);
  other.disconnect(reader);
  return keys;
}

describe('a backup', () => {
  it(
    'that is taken while writes go on holds everything that was confirmed before, and disturbs nobody',
    async () => {
      const ledger = new Ledger(platform());
      await ledger.start();
      await pause(3000);
      before = ledger.soFar();
      const begun = Date.now();
      const backup = await command(platform(), 'backup', '--output', file, '--json');
      const milliseconds = Date.now() - begun;
      await ledger.resumed();
      const after = ledger.soFar().length;
      const report = await ledger.stop();
      expect([backup.exitCode, backup.all]).toEqual([0, expect.stringContaining(file.replaceAll('\\', '\\\\'))]);
      const { manifest } = JSON.parse(backup.stdout) as { manifest: Manifest };
      expect(manifest).toMatchObject({ deployment: platform().context.name, from: 'replica', formatVersion: 1 });
      expect(manifest.mark.taken).toBeGreaterThanOrEqual(manifest.mark.asked);
      expect([report.lost, report.apiWithoutRetryAfter]).toEqual([[], 0]);
      expect(before.length).toBeGreaterThan(100);
      expect(after).toBeGreaterThan(before.length);
      expect(readdirSync(folder)).toEqual(['of the test.tar']);
      note(`${before.length} confirmed before, ${manifest.keys} keys, ${manifest.rdb.bytes} bytes, ${milliseconds} ms`);
      await platform().healthy();
    },
    Duration.seconds(90),
  );

  it('never replaces a file by itself, and says so where it cannot write', async () => {
    const text = readFileSync(file);
    for (const [output, said] of [
      [file, '--force'],
      [join(file, 'below a file.tar'), 'cannot be written'],
      // To root, too.
      ...(process.platform === 'linux' ? [['/sys/backup.tar', 'cannot be written']] : []),
    ] as [string, string][]) {
      const refused = await command(platform(), 'backup', '--output', output);
      expect([output, refused.exitCode, refused.all]).toEqual([output, 1, expect.stringContaining(said)]);
    }
    expect(readFileSync(file).equals(text)).toBe(true);
    expect(readdirSync(folder)).toEqual(['of the test.tar']);
  });

  it(
    'over a failover waits for the next master, and holds everything that was confirmed before it was asked for anew',
    async () => {
      const ledger = new Ledger(platform());
      await ledger.start();
      await pause(2000);
      const confirmed = ledger.soFar();
      const over = join(folder, 'over a failover.tar');
      const begun = Date.now();
      const backing = command(platform(), 'backup', '--output', over, '--json');
      await new Faults(platform()).killRedisServer(await platform().master());
      const backup = await backing;
      const milliseconds = Date.now() - begun;
      await ledger.resumed();
      const report = await ledger.stop();
      expect([backup.exitCode, backup.all]).toEqual([0, expect.any(String)]);
      expect([report.lost, report.apiWithoutRetryAfter]).toEqual([[], 0]);
      const { manifest } = JSON.parse(backup.stdout) as { manifest: Manifest };
      note(`${confirmed.length} confirmed before, ${manifest.keys} keys, ${milliseconds} ms with the failover`);
      await platform().healthy();
      overFailover = { file: over, confirmed };
    },
    Duration.seconds(180),
  );

  it(
    'that is interrupted or killed leaves no file, or the whole of it',
    async () => {
      for (const signal of ['SIGINT', 'SIGKILL'] as const) {
        for (const milliseconds of [700, 1500]) {
          const cut = join(folder, 'cut', 'x.tar');
          const child = execa(process.execPath, commandLine(platform(), 'backup', '--output', cut), {
            reject: false,
            stdin: 'ignore',
            forceKillAfterDelay: false,
          });
          await pause(milliseconds);
          child.kill(signal);
          const { exitCode } = await child;
          const left = existsSync(join(folder, 'cut')) ? readdirSync(join(folder, 'cut')) : [];
          note(
            `${signal} after ${milliseconds} ms: exit code ${exitCode ?? 'none'}, left ${left.join(', ') || 'nothing'}`,
          );
          if (left.includes('x.tar')) await checkArchive(cut);
          // Whoever is killed cannot clean up; what it leaves is no backup by its name.
          if (signal === 'SIGINT' && SIGNALS) expect(left.filter((name) => name !== 'x.tar')).toEqual([]);
          rmSync(join(folder, 'cut'), { recursive: true, force: true });
        }
      }
    },
    Duration.seconds(120),
  );
});

describe('a restore', () => {
  it(
    'into an empty deployment of another environment asks nothing, and every confirmed write is there, on each node',
    async () => {
      const begun = Date.now();
      const restored = await command({ context }, 'restore', '--from', file);
      expect([restored.exitCode, restored.all]).toEqual([0, expect.stringContaining(context.name)]);
      note(`restored in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
      await other.healthy();
      expect(await lost()).toEqual([]);
      const contents = await Promise.all(other.nodes.map((node) => contentsOf(other, node)));
      expect(new Set(contents).size).toBe(1);
    },
    RESTORES_WITHIN,
  );

  it(
    'that is refused touches nothing: no agreement, a newer version, another checksum, no backup, no file',
    async () => {
      await set('kept', 'yes');
      const unchanged = await containers();
      for (const [from, said, ...options] of [
        [file, '--yes'],
        [spoilt('newer.tar', '"formatVersion": 1', '"formatVersion": 9'), 'newer version', '--yes'],
        [spoilt('damaged.tar', 'redis-ver', 'redis-vEr'), 'SHA-256', '--yes'],
        [join(context.project.folder, 'README.md'), 'is not a backup', '--yes'],
        [join(folder, 'none.tar'), 'cannot be read', '--yes'],
      ] as [string, string, ...string[]][]) {
        const refused = await command({ context }, 'restore', '--from', from, ...options);
        expect([refused.exitCode, refused.all]).toEqual([1, expect.stringContaining(said)]);
        expect(refused.all).toContain('othing was touched');
      }
      expect(await containers()).toEqual(unchanged);
      expect(await get('kept')).toEqual(['yes']);
    },
    Duration.seconds(120),
  );

  it(
    'over a running deployment replaces all, and what was there is in a backup of its own, which can be restored too',
    async () => {
      await set('of-before', 'yes');
      const restored = await command({ context }, 'restore', '--from', file, '--yes');
      expect([restored.exitCode, restored.all]).toEqual([0, expect.stringContaining('before-restore')]);
      await other.healthy();
      expect([await get('of-before'), await lost()]).toEqual([[null], []]);

      const kept = /What was there is in (.*before-restore\.tar)/.exec(restored.all)?.[1] ?? '';
      const back = await command({ context }, 'restore', '--from', kept, '--yes');
      expect([back.exitCode, back.all]).toEqual([0, expect.any(String)]);
      await other.healthy();
      expect([await get('of-before'), await lost()]).toEqual([['yes'], []]);

      const { file: over, confirmed } = overFailover;
      const third = await command({ context }, 'restore', '--from', over, '--yes');
      expect([third.exitCode, third.all]).toEqual([0, expect.any(String)]);
      await other.healthy();
      expect([confirmed.length > 50, await lost(confirmed)]).toEqual([true, []]);
      const last = await command({ context }, 'restore', '--from', file, '--yes');
      expect([last.exitCode, last.all]).toEqual([0, expect.any(String)]);
      await other.healthy();
    },
    RESTORES_WITHIN,
  );

  it(
    'that is interrupted while it copies touches nothing',
    async () => {
      await set('of-before', 'copying');
      const unchanged = await containers();
      const { exitCode, all } = await endedAt('Copy the backup', 'SIGINT');
      if (SIGNALS) expect([exitCode, all]).toEqual([130, expect.any(String)]);
      expect([await containers(), await get('of-before')]).toEqual([unchanged, ['copying']]);
    },
    Duration.seconds(180),
  );

  it(
    'that is killed while everything stands still leaves all of the old data or all of the new; the next start and the next restore go on',
    async () => {
      for (const moment of ['Stop everything', 'Put the backup', 'Start everything']) {
        await set('of-before', moment);
        await endedAt(moment, 'SIGKILL');
        const started = await command({ context }, 'start');
        expect([moment, started.exitCode, started.all]).toEqual([moment, 0, expect.any(String)]);
        await other.reload();
        await other.healthy();
        // Nothing was written to the old data since the backup but this.
        const [value] = await get('of-before');
        expect([moment, [moment, null].includes(value ?? null), await lost()]).toEqual([moment, true, []]);
        note(`killed at "${moment}": ${value === null ? 'restored' : 'as before'}`);
        expect((await containers()).filter((name) => name.includes('-restore'))).toEqual([]);
      }
      const again = await command({ context }, 'restore', '--from', file, '--yes');
      expect([again.exitCode, again.all]).toEqual([0, expect.any(String)]);
      await other.healthy();
      expect([await get('of-before'), await lost()]).toEqual([[null], []]);
      // What a kill left in a node that was not stopped goes when it starts the next time.
      await eventually(
        async () => {
          expect(await staged()).toEqual([]);
        },
        { within: Duration.seconds(10) },
      );
    },
    Duration.seconds(900),
  );
});

describe('scheduled backups', () => {
  it(
    'are taken once they are declared; one becomes a file, and every write that was confirmed before it is in it',
    async () => {
      const refused = await command({ context }, 'backup', '--list');
      expect([refused.exitCode, refused.all]).toEqual([1, expect.stringContaining('takes no backups on schedule')]);
      await set('before-schedule', 'yes');
      const declared = { ...(environments['ci'] as EnvironmentInput), backups: { every: '1min', keep: { count: 1 } } };
      expect(
        await bringUp({ ...context, environment: parseEnvironment(declared as EnvironmentInput) }, {}),
      ).toBeUndefined();
      await other.reload();
      const begun = Date.now();
      const [first] = await scheduled();
      expect([first?.manifest.deployment, first?.manifest.from]).toEqual([context.name, 'replica']);

      const fetched = join(folder, 'fetched.tar');
      const unknown = await command({ context }, 'backup', '--fetch', 'none', '--output', fetched);
      expect([unknown.exitCode, unknown.all]).toEqual([1, expect.stringContaining('keeps no such backup')]);
      const copied = await command({ context }, 'backup', '--fetch', 'latest', '--output', fetched);
      expect([copied.exitCode, copied.all]).toEqual([0, expect.stringContaining('fetched.tar')]);
      const again = await command({ context }, 'backup', '--fetch', 'latest', '--output', fetched);
      expect([again.exitCode, again.all]).toEqual([1, expect.stringContaining('--force')]);

      // The next one takes the place of the first.
      await eventually(
        async () => {
          const kept = await scheduled();
          expect([kept.length, kept[0]?.name === first?.name]).toEqual([1, false]);
        },
        { within: Duration.seconds(120), every: 5000 },
      );
      note(`the second was there ${((Date.now() - begun) / 1000).toFixed(0)} s after the first was seen`);

      await set('after-schedule', 'yes');
      const restored = await command({ context }, 'restore', '--from', fetched, '--yes', '--json');
      expect([restored.exitCode, restored.all]).toEqual([0, expect.any(String)]);
      expect(JSON.parse(restored.stdout)).toMatchObject({
        file: fetched,
        kept: expect.stringContaining('before-restore'),
      });
      await other.healthy();
      expect([await get('before-schedule', 'after-schedule'), await lost()]).toEqual([['yes', null], []]);
    },
    Duration.seconds(900),
  );
});

async function scheduled(): Promise<Scheduled[]> {
  const { exitCode, stdout, all } = await command({ context }, 'backup', '--list', '--json');
  expect([exitCode, all]).toEqual([0, expect.any(String)]);
  return JSON.parse(stdout) as Scheduled[];
}

/** What restores have put beside the data. */
async function staged(): Promise<string[]> {
  const found = await Promise.all(
    other.nodes.map(async (node) => {
      const listed = await runHelper(other, 'ls /data', { Binds: [`rp-${context.name}-${node}-data:/data:ro`] });
      return listed.split('\n').filter((name) => name.startsWith('temp-restore'));
    }),
  );
  return found.flat();
}

/** Gets the signal as soon as the restore says that it is at this step. */
async function endedAt(step: string, signal: NodeJS.Signals): Promise<{ exitCode: number | undefined; all: string }> {
  const child = execa(process.execPath, commandLine({ context }, 'restore', '--from', file, '--yes'), {
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  child.all.on('data', (text: Buffer) => {
    if (text.toString().includes(step)) child.kill(signal);
  });
  const { exitCode, all } = await child;
  return { exitCode, all };
}

/** A copy of the backup with some bytes changed for as many others. */
function spoilt(name: string, from: string, to: string): string {
  const copy = join(folder, name);
  const bytes = readFileSync(file);
  const at = bytes.indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`${from} cannot be changed`);
  bytes.write(to, at, 'latin1');
  writeFileSync(copy, bytes);
  return copy;
}
