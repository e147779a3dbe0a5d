import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { imageTag } from '../../constructs/core/content-hash.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { findDocker } from '../engine/docker-cli.js';
import type { Engine } from '../engine/engine.js';
import { withLock } from '../bootstrap/lock.mjs';
import { mirrorArgs, type Mirrors, readMirrors } from '../bootstrap/mirrors.mjs';
import { findMmdebstrap } from '../engine/mmdebstrap.js';
import { cacheFolder } from '../bootstrap/paths.mjs';
import { runProgram } from '../bootstrap/programs.mjs';

const SUITE = 'trixie';
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Nobody reads these in a container. The images built from this one leave them out too. */
const LEFT_OUT = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
];
/** A licence has to come with the software. */
const KEPT = '/usr/share/doc/*/copyright';

/**
 * Makes the base image from Debian's packages, for machines that no image registry answers.
 * @param folder of the base image; its packages.txt says what it holds
 * @throws PlatformError where that cannot be done
 */
export async function buildBaseFromPackages(
  engine: Engine,
  folder: string,
  onProgress?: (line: string) => void,
): Promise<void> {
  const tag = imageTag(folder);
  const sources = debianSources(readMirrors());
  // It holds the mirror's address, for all images that are built from it.
  const mark = sources.length === 0 ? '' : `-${createHash('sha256').update(sources.join()).digest('hex').slice(0, 8)}`;
  const archive = join(cacheFolder(), `${tag.replaceAll(/[/:]/g, '-')}-${engine.architecture}${mark}.tar`);
  await mkdir(cacheFolder(), { recursive: true });
  await withLock(`${archive}.lock`, async () => {
    if (!(await isFresh(archive))) await bootstrapDebian(archive, folder, engine.architecture, sources, onProgress);
  });
  onProgress?.('importing it into the engine');
  await runProgram(findDocker(), ['import', archive, tag], { env: { ...engine.environment } });
}

/** A week old, it would lack security updates. */
async function isFresh(archive: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(archive)).mtimeMs < WEEK_MS;
  } catch {
    return false;
  }
}

async function bootstrapDebian(
  archive: string,
  folder: string,
  architecture: string,
  sources: readonly string[],
  onProgress?: (line: string) => void,
): Promise<void> {
  const mmdebstrap = await requireMmdebstrap(onProgress);
  const packages = (await readFile(join(folder, 'packages.txt'), 'utf8')).trim().split(/\s+/);
  const draft = `${archive}.new`;
  const options = [
    '--variant=apt',
    '--format=tar',
    `--architectures=${architecture}`,
    `--include=${packages.join(',')}`,
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--dpkgopt=path-include=${KEPT}`,
  ];
  try {
    await runProgram(mmdebstrap, [...options, SUITE, draft, ...sources], { onLine: onProgress });
    await rename(draft, archive);
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the base image could not be made from Debian's packages: ${cause instanceof Error ? cause.message : String(cause)}`,
        fix: 'Check that a Debian mirror answers (http://deb.debian.org), or use --images=pull where an image registry does.',
      },
      { cause },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** Lines of apt's sources.list; none for Debian's own. */
export function debianSources(mirrors: Mirrors): string[] {
  const { DEBIAN_MIRROR: mirror, DEBIAN_SECURITY_MIRROR: security } = mirrorArgs(mirrors);
  if (mirror === undefined) return [];
  return [
    `deb ${mirror} ${SUITE} main`,
    `deb ${mirror} ${SUITE}-updates main`,
    `deb ${security} ${SUITE}-security main`,
  ];
}

async function requireMmdebstrap(onProgress?: (line: string) => void): Promise<string> {
  const mmdebstrap = await findMmdebstrap(onProgress);
  if (mmdebstrap !== undefined) return mmdebstrap;
  throw new PlatformError({
    what: "making the base image from Debian's packages needs mmdebstrap, which this machine lacks",
    fix:
      process.platform === 'linux'
        ? 'Install it (on Debian and Ubuntu: `sudo apt-get install mmdebstrap debian-archive-keyring`), or use --images=pull.'
        : 'Run the command in a Debian or Ubuntu of WSL2 or in a virtual machine, or give Docker a registry mirror and use --images=pull.',
  });
}
