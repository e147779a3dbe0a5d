import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { putInPlace } from '../../constructs/core/whole-file.mjs';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Context } from '../context.js';
import { careFor, throwIfInterrupted } from '../bootstrap/interruption.mjs';
import { redisServices } from '../status/addresses.js';
import { writeArchive } from './archive.js';
import { FORMAT_VERSION, type Manifest } from './manifest.js';
import { redisTargets } from './running.js';
import { type Sources, takeSnapshot } from './snapshot.js';

export interface BackupTarget {
  readonly file: string;
  /** Whether a file that is there may be replaced. */
  readonly force: boolean;
}

/** Where backups go that nobody gave a place: beside the deployments, so that `destroy --delete-data` leaves them. */
export function defaultFile({ project, name }: Context, takenAt: Date, suffix = ''): string {
  // Windows takes no colons.
  const time = takenAt
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  return join(project.folder, '.platform', 'backups', name, `${time}${suffix}.tar`);
}

/**
 * Writes a backup, whole or not at all.
 * @throws PlatformError if the file cannot be written or is there already, nothing is deployed, or no node gives a snapshot
 */
export function createBackup(
  context: Context,
  topology: Topology,
  target: BackupTarget,
  say: (text: string) => void,
): Promise<Manifest> {
  const cancel = new AbortController();
  const stop = () => {
    cancel.abort();
  };
  const work = create(context, topology, target, say, cancel.signal);
  // Its drafts are removed before the command ends.
  careFor({ what: 'the backup', interrupt: stop, kill: stop, ended: work.catch(() => undefined) });
  return work;
}

async function create(
  context: Context,
  topology: Topology,
  { file, force }: BackupTarget,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Manifest> {
  const takenAt = new Date();
  const sources = sourcesOf(context, topology);
  refuseExisting(file, force);
  const drafts = [`${file}.${process.pid}.rdb`, `${file}.${process.pid}.new`] as const;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(file, error);
  }
  try {
    const [rdbFile, draft] = drafts;
    const snapshot = await takeSnapshot(sources, rdbFile, say, signal);
    const manifest: Manifest = {
      formatVersion: FORMAT_VERSION,
      deployment: context.name,
      environment: context.environment.name,
      takenAt: takenAt.toISOString(),
      ...snapshot,
    };
    signal.throwIfAborted();
    await writeArchive(draft, { manifest, topology: `${JSON.stringify(topology, null, 2)}\n`, rdbFile });
    refuseExisting(file, force);
    putInPlace(draft, file);
    return manifest;
  } catch (error) {
    throw failure(file, error);
  } finally {
    for (const draft of drafts) rmSync(draft, { force: true });
  }
}

function sourcesOf(context: Context, topology: Topology): Sources {
  const { master, replicas } = redisTargets(context, topology);
  const nodes = redisServices(topology)?.nodes.instances.length ?? 1;
  return { master, replicas: nodes > 1 ? replicas : undefined };
}

/**
 * What to throw for what went wrong while the file was written: only what the system reported is about the file.
 * @throws Interrupted if that is why
 */
export function failure(file: string, error: unknown): unknown {
  throwIfInterrupted();
  return error instanceof PlatformError || !(error instanceof Error && 'code' in error)
    ? error
    : unwritable(file, error);
}

/** @throws PlatformError if the file is there and may not be replaced */
export function refuseExisting(file: string, force: boolean): void {
  if (force || !existsSync(file)) return;
  throw new PlatformError({
    what: 'a backup never replaces a file by itself',
    got: `${file}, which is there already`,
    allowed: 'a name that is free',
    fix: 'Name another file with --output, or add --force to replace it.',
  });
}

function unwritable(file: string, cause: unknown): PlatformError {
  return new PlatformError(
    {
      what: `the backup ${file} cannot be written`,
      got: cause instanceof Error ? cause.message : String(cause),
      allowed: 'a folder that you may write to, with room for twice the snapshot',
      fix: 'Name another place with --output. Nothing was left behind.',
    },
    { cause },
  );
}
