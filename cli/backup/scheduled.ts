import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { putInPlace } from '../../constructs/core/whole-file.mjs';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { modelsOf, serviceNamed } from '../../constructs/models.js';
import { BACKUP_FOLDER } from '../../constructs/redis/scheduled-backups.js';
import { careFor } from '../bootstrap/interruption.mjs';
import { checkArchive } from './archive.js';
import { failure, refuseExisting } from './create.js';
import type { Manifest } from './manifest.js';

/** A backup that was taken on schedule. */
export interface Scheduled {
  /** Of the file in the volume, without a folder. */
  readonly name: string;
  readonly manifest: Manifest;
}

/**
 * What the deployment keeps, oldest first.
 * @throws PlatformError if it takes no backups on schedule, or the container that keeps them does not run
 */
export async function listScheduled(docker: Docker, topology: Topology): Promise<Scheduled[]> {
  const container = keeper(docker, topology);
  try {
    const exec = await container.exec({ Cmd: ['redis-node', 'backups'], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, stdout, stderr);
    stream.once('end', () => {
      stdout.end();
      stderr.end();
    });
    const [printed, complaint] = await Promise.all([buffer(stdout), buffer(stderr)]);
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) throw new Error(complaint.toString('utf8').trim());
    return JSON.parse(printed.toString('utf8')) as Scheduled[];
  } catch (error) {
    throw unreachable(topology, error);
  }
}

/**
 * Copies one of them into a file, which then is a backup as any other.
 * @param wanted a name, with or without its ending, or `latest`
 * @throws PlatformError if there is none of that name, or the file cannot be written or is there already
 */
export async function fetchScheduled(
  docker: Docker,
  topology: Topology,
  wanted: string,
  target: (scheduled: Scheduled) => { readonly file: string; readonly force: boolean },
): Promise<{ file: string; manifest: Manifest }> {
  const all = await listScheduled(docker, topology);
  const chosen = wanted === 'latest' ? all.at(-1) : all.find(({ name }) => name === wanted || name === `${wanted}.tar`);
  if (chosen === undefined) throw unknown(topology, wanted, all);
  const { file, force } = target(chosen);
  const cancel = new AbortController();
  const stop = () => {
    cancel.abort();
  };
  const work = copy(keeper(docker, topology), chosen.name, { file, force }, cancel.signal);
  careFor({ what: 'the copy', interrupt: stop, kill: stop, ended: work.catch(() => undefined) });
  return { file, manifest: await work };
}

async function copy(
  container: Docker.Container,
  name: string,
  { file, force }: { file: string; force: boolean },
  signal: AbortSignal,
): Promise<Manifest> {
  refuseExisting(file, force);
  const draft = `${file}.${process.pid}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const wrapped = await container.getArchive({ path: `${BACKUP_FOLDER}/${name}` });
    const unpacked = extract();
    const reading = pipeline(wrapped, unpacked, { signal });
    // Whoever reads the entries gets the error too.
    reading.catch(() => undefined);
    for await (const entry of unpacked) {
      await pipeline(entry, createWriteStream(draft, { mode: 0o600, flush: true }), { signal });
    }
    await reading;
    const manifest = await checkArchive(draft);
    refuseExisting(file, force);
    putInPlace(draft, file);
    return manifest;
  } catch (error) {
    throw failure(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function keeper(docker: Docker, topology: Topology): Docker.Container {
  const [backups] = modelsOf(topology, 'backups');
  const container = backups && serviceNamed(topology, backups.service)?.instances[0]?.container;
  if (container !== undefined) return docker.getContainer(container);
  throw new PlatformError({
    what: `${topology.deployment} takes no backups on schedule`,
    got: 'no `backups` in its environment',
    allowed: "e.g. backups: { every: '1h', keep: { count: 24, maxAge: '7d' } }",
    fix: 'Declare it and run `npm start`, or take one now with `npm run backup`.',
  });
}

function unreachable({ deployment }: Topology, cause: unknown): PlatformError {
  return new PlatformError(
    {
      what: `the scheduled backups of ${deployment} cannot be read`,
      got: cause instanceof Error ? cause.message : String(cause),
      allowed: 'a container that runs',
      fix: 'Run `npm start`, then this again.',
    },
    { cause },
  );
}

function unknown({ deployment }: Topology, wanted: string, all: readonly Scheduled[]): PlatformError {
  return new PlatformError({
    what: `${deployment} keeps no such backup`,
    got: wanted,
    allowed:
      all.length === 0 ? 'none: it has taken no backup yet' : ['latest', ...all.map(({ name }) => name)].join(', '),
    fix: 'See `npm run backup -- --list`.',
  });
}
