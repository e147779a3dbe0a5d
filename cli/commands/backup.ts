import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { createBackup, defaultFile } from '../backup/create.js';
import { fetchScheduled, listScheduled } from '../backup/scheduled.js';
import { mebibytes } from '../backup/snapshot.js';
import type { Context } from '../context.js';
import { checkEngine } from '../deployment/home-engine.js';
import { connectEngine } from '../engine/engine.js';
import { paintFor, renderTable } from '../terminal/table.js';
import { readTopology } from '../status/topology.js';
import { runSteps, type Step, type StepOptions } from '../terminal/steps.js';

export interface BackupOptions {
  /** The file. @default .platform/backups/DEPLOYMENT/TIME.tar */
  readonly output?: string;
  /** Replace the file if it is there. @default false */
  readonly force?: boolean;
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
  /** Show what was taken on schedule instead. @default false */
  readonly list?: boolean;
  /** Copy one that was taken on schedule instead: its name, or `latest`. */
  readonly fetch?: string;
}

/**
 * `npm run backup`: a snapshot of all data in one file, while writes go on; or what was taken on schedule.
 * @returns 0; everything else is an error
 */
export async function backupCommand(context: Context, options: BackupOptions): Promise<number> {
  const topology = await readTopology(context);
  if (!topology) throw notDeployed(context);
  if (options.list) await list(context, topology, options);
  else if (options.fetch !== undefined) await fetch(context, topology, options.fetch, options);
  else await take(context, topology, options);
  return 0;
}

async function take(
  context: Context,
  topology: Topology,
  { output, force = false, json = false }: BackupOptions,
): Promise<void> {
  const file = output === undefined ? defaultFile(context, new Date()) : resolve(output);
  const begun = Date.now();
  const work = (say: (text: string) => void) => createBackup(context, topology, { file, force }, say);
  const manifest = await shown({ silent: json }, `Back up ${context.name}`, work);
  if (json) {
    print({ file, manifest });
    return;
  }
  console.log(
    `${file}\n${manifest.keys} keys in ${mebibytes(manifest.rdb.bytes)} MiB, taken from a ${manifest.from} in ` +
      `${((Date.now() - begun) / 1000).toFixed(1)} s. Everything that was confirmed before ${manifest.takenAt} is in it.`,
  );
}

async function list(context: Context, topology: Topology, { json = false }: BackupOptions): Promise<void> {
  const scheduled = await listScheduled(await engineOf(context), topology);
  if (json) {
    print(scheduled);
    return;
  }
  const rows = scheduled.map(({ name, manifest: { keys, rdb, from } }) => [
    name,
    String(keys),
    `${mebibytes(rdb.bytes)} MiB`,
    from,
  ]);
  const lines = renderTable(['Backup', 'Keys', 'Size', 'Taken from'], rows, paintFor(process.stdout));
  console.log(rows.length === 0 ? `${context.name} has taken no backup on schedule yet.` : lines.join('\n'));
}

async function fetch(
  context: Context,
  topology: Topology,
  wanted: string,
  { output, force = false, json = false }: BackupOptions,
): Promise<void> {
  const docker = await engineOf(context);
  const fetched = await fetchScheduled(docker, topology, wanted, ({ manifest: { takenAt } }) => ({
    file: output === undefined ? defaultFile(context, new Date(takenAt)) : resolve(output),
    force,
  }));
  if (json) print(fetched);
  else console.log(`${fetched.file}\n${fetched.manifest.keys} keys, as they were at ${fetched.manifest.takenAt}.`);
}

async function engineOf(context: Context): Promise<Docker> {
  const engine = await connectEngine();
  checkEngine(context, engine);
  return engine.docker;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** What a step that is shown has found out. */
export async function shown<T>(
  options: StepOptions,
  title: string,
  work: (say: (text: string) => void) => Promise<T>,
): Promise<T> {
  const results: T[] = [];
  const run: Step['run'] = async (say) => results.push(await work(say));
  await runSteps(options, [{ title, run }]);
  return results[0] as T;
}

export function notDeployed({ name }: Context): PlatformError {
  return new PlatformError({
    what: `${name} is not deployed`,
    fix: 'Run `npm start` first (with the same --env and --instance).',
  });
}
