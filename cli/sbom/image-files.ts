import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { extract } from 'tar-stream';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { findDocker } from '../engine/docker-cli.js';
import type { Engine } from '../engine/engine.js';
import { isPresent } from '../images/image-builder.js';
import { lastLines } from '../bootstrap/programs.mjs';

/** What of an image says what is in it. */
export interface ImageFiles {
  readonly dpkgStatus: string;
  readonly osRelease: string;
  /** By path; only what did not come with a package. */
  readonly programs: ReadonlyMap<string, Buffer>;
}

const DPKG_STATUS = 'var/lib/dpkg/status';
const OS_RELEASE = 'usr/lib/os-release';
/** Where programs are that no package manager put there. */
const PROGRAM_FOLDERS = ['usr/local', 'opt'];
const LEAST_PROGRAM_BYTES = 100_000;

/**
 * Reads an image's files through its own tar, in a container without network, rights or a writable root.
 * @throws PlatformError if the engine lacks the image, or the image lacks tar
 */
export async function readImageFiles(engine: Engine, image: string): Promise<ImageFiles> {
  if (!(await isPresent(engine, image))) {
    throw new PlatformError({
      what: 'the engine does not have the image',
      got: image,
      fix: 'Run `npm run prepare-machine` first, which builds it.',
    });
  }
  const sandbox = ['--network', 'none', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  const command = ['--create', '--directory', '/', DPKG_STATUS, OS_RELEASE, ...PROGRAM_FOLDERS];
  const reading = execa(findDocker(), ['run', '--rm', ...sandbox, '--entrypoint', 'tar', image, ...command], {
    buffer: { stdout: false },
    encoding: 'buffer',
    reject: false,
    env: engine.environment,
  });
  const files = await sortOut(reading.stdout);
  const { exitCode, stderr } = await reading;
  // 2 is tar's: one of the folders is not there.
  if (exitCode === 0 || exitCode === 2) return files;
  throw new PlatformError({
    what: `the files of the image could not be read: ${lastLines(Buffer.from(stderr).toString(), 3)}`,
    got: image,
    fix: 'An image without `tar` is not supported here; its own build has to make its SBOM.',
  });
}

async function sortOut(archive: NodeJS.ReadableStream): Promise<ImageFiles> {
  let [dpkgStatus, osRelease] = ['', ''];
  const programs = new Map<string, Buffer>();
  for await (const entry of archive.pipe(extract())) {
    const { name, type, size } = entry.header;
    if (name === DPKG_STATUS) dpkgStatus = await text(entry);
    else if (name === OS_RELEASE) osRelease = await text(entry);
    else if (type === 'file' && size >= LEAST_PROGRAM_BYTES)
      programs.set(`/${name}`, Buffer.concat(await chunksOf(entry)));
    else entry.resume();
  }
  return { dpkgStatus, osRelease, programs };
}

async function chunksOf(stream: AsyncIterable<unknown>): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return chunks;
}
