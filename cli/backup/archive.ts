import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, pack } from 'tar-stream';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { type Manifest, parseManifest } from './manifest.js';

const MANIFEST = 'manifest.json';
const TOPOLOGY = 'topology.json';
const RDB = 'dump.rdb';
/** A manifest or topology that is larger is none of ours. */
const MOST_TEXT_BYTES = 64 * 1024 ** 2;

/** Writes a backup: one tar file, its manifest first. It reaches the disk before this returns. */
export async function writeArchive(
  file: string,
  { manifest, topology, rdbFile }: { manifest: Manifest; topology: string; rdbFile: string },
): Promise<void> {
  const tar = pack();
  const common = { mtime: new Date(manifest.takenAt), mode: 0o600 };
  tar.entry({ name: MANIFEST, ...common }, `${JSON.stringify(manifest, null, 2)}\n`);
  tar.entry({ name: TOPOLOGY, ...common }, topology);
  const rdb = tar.entry({ name: RDB, size: manifest.rdb.bytes, ...common });
  const written = pipeline(tar, createWriteStream(file, { flags: 'w', mode: 0o600, flush: true }));
  const filled = pipeline(createReadStream(rdbFile), rdb).then(() => {
    tar.finalize();
  });
  await Promise.all([written, filled]);
}

/**
 * Reads all of a backup, to know that it is whole.
 * @throws PlatformError if it is no backup, one of a newer version, or damaged
 */
export async function checkArchive(file: string): Promise<Manifest> {
  let manifest: Manifest | undefined;
  let found: { bytes: number; sha256: string } | undefined;
  try {
    for await (const { header, stream } of entries(file)) {
      if (header.name === MANIFEST) manifest = parseManifest((await text(header, stream)).toString('utf8'), file);
      else if (header.name === RDB) found = await measure(stream);
      // Anything may call itself tar: what comes first tells.
      if (manifest === undefined) throw notABackup(file, `a tar file that begins with ${header.name}`);
    }
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    if (hasPath(error)) throw unreadable(file, error);
    throw manifest === undefined ? notABackup(file, message(error)) : damaged(file, message(error), manifest);
  }
  if (manifest === undefined) throw notABackup(file, 'no manifest');
  if (found === undefined) throw damaged(file, 'no snapshot', manifest);
  const { bytes, sha256 } = manifest.rdb;
  if (found.sha256 !== sha256) throw damaged(file, `${found.bytes} bytes with SHA-256 ${found.sha256}`, manifest);
  return { ...manifest, rdb: { bytes, sha256 } };
}

/** The snapshot of a backup that was checked. */
export async function* snapshotOf(file: string): AsyncGenerator<Buffer> {
  for await (const { header, stream } of entries(file)) {
    if (header.name === RDB) yield* stream;
    else stream.resume();
  }
}

interface Entry {
  readonly header: Header;
  readonly stream: AsyncIterable<Buffer> & { resume(): void };
}

async function* entries(file: string): AsyncGenerator<Entry> {
  const unpacked = extract();
  const reading = pipeline(createReadStream(file), unpacked);
  // Whoever reads entries gets the error too.
  reading.catch(() => undefined);
  for await (const stream of unpacked) {
    yield { header: stream.header, stream: stream as unknown as Entry['stream'] };
    stream.resume();
  }
  await reading;
}

function text(header: Header, stream: AsyncIterable<Buffer>): Promise<Buffer> {
  if (header.size > MOST_TEXT_BYTES) throw new Error(`${header.name} has ${header.size} bytes`);
  return buffer(stream);
}

async function measure(stream: AsyncIterable<Buffer>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasPath(error: unknown): error is Error {
  return error instanceof Error && 'path' in error;
}

function unreadable(file: string, cause: Error): PlatformError {
  return new PlatformError(
    {
      what: `${file} cannot be read`,
      got: cause.message,
      allowed: 'a file that `npm run backup` has written and that you may read',
      fix: 'Name another file with --from. Nothing was touched.',
    },
    { cause },
  );
}

function notABackup(file: string, got: string): PlatformError {
  return new PlatformError({
    what: `${file} is not a backup`,
    got,
    allowed: 'a file that `npm run backup` has written',
    fix: 'Name another file with --from. Nothing was touched.',
  });
}

function damaged(file: string, got: string, { rdb }: Manifest): PlatformError {
  return new PlatformError({
    what: `the backup ${file} is damaged`,
    got,
    allowed: `the ${rdb.bytes} bytes with SHA-256 ${rdb.sha256} that its manifest names`,
    fix: 'Copy it anew from where it was kept, or choose another backup. Nothing was touched.',
  });
}
