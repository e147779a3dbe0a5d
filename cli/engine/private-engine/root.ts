import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import { canInstallMmdebstrap, findMmdebstrap } from '../mmdebstrap.js';
import { cacheFolder } from '../../bootstrap/paths.mjs';
import { findProgram, runProgram } from '../../bootstrap/programs.mjs';

/** Major versions that can be had. */
export type EngineVersion = '28';

/** The Debian release that has an engine of this version, and what dockerd is started with. */
const RELEASES: Readonly<Record<EngineVersion, { readonly suite: string; readonly flags: readonly string[] }>> = {
  // With the image store of containerd, as Docker Desktop and new installations have it.
  28: { suite: 'forky', flags: ['--feature', 'containerd-snapshotter=true'] },
};

export const ENGINE_VERSIONS = Object.keys(RELEASES);

/** dockerd, and what it and the start script run. */
const PACKAGES = ['docker.io', 'iptables', 'iproute2', 'mount', 'procps'];

/** Where everything of an engine is kept; another one where its packages are others. */
export function folderOf(version: EngineVersion): string {
  const recipe = createHash('sha256')
    .update(`${RELEASES[version].suite} ${PACKAGES.join(' ')}`)
    .digest('hex');
  return join(cacheFolder(), `engine-${version}-${recipe.slice(0, 8)}`);
}

export function flagsOf(version: EngineVersion): readonly string[] {
  return RELEASES[version].flags;
}

/**
 * Whether this machine can run a private engine, as far as can be told at once.
 * @throws PlatformError if not
 */
export function requirePrivateEngine(
  version: EngineVersion,
  machine: { readonly platform: NodeJS.Platform; readonly root: boolean; readonly mmdebstrap: boolean } = {
    platform: process.platform,
    root: process.getuid?.() === 0,
    mmdebstrap: findProgram('mmdebstrap') !== undefined || canInstallMmdebstrap(),
  },
): void {
  const refuse = (got: string, fix: string) =>
    new PlatformError({
      what: `this machine cannot run a Docker engine ${version} of its own beside the one that it has`,
      got,
      allowed: 'Linux, as root, with mmdebstrap',
      fix: `${fix} Without --engine, the tests run on the engine that is here.`,
    });
  if (machine.platform !== 'linux') {
    throw refuse(machine.platform, 'Run it as root on Debian or a relative, in a virtual machine for instance.');
  }
  if (!machine.root) throw refuse('another user than root', 'Run it as root.');
  if (!machine.mmdebstrap) throw refuse('no mmdebstrap', 'Install it, with debian-archive-keyring.');
}

/**
 * Makes the engine's root file system from Debian's packages unless it is there. The caller holds the lock of `folderOf(version)`.
 * @returns its folder
 * @throws PlatformError where that cannot be done
 */
export async function ensureRoot(version: EngineVersion, say?: (deed: string) => void): Promise<string> {
  const root = join(folderOf(version), 'root');
  if (existsSync(root)) return root;
  say?.(`making it from packages of Debian's release ${RELEASES[version].suite}, once`);
  const draft = `${root}.new`;
  await removeTree(draft);
  await mkdir(folderOf(version), { recursive: true });
  const options = [
    '--variant=essential',
    `--include=${PACKAGES.join(',')}`,
    // Debian dates its testing release a week ahead, and a company's mirror may be older. The engine has no way out to any network.
    '--aptopt=Acquire::Check-Valid-Until "false"',
  ];
  try {
    const mmdebstrap = await findMmdebstrap();
    if (mmdebstrap === undefined) throw new Error('apt-get installed no mmdebstrap');
    // Its mounts end with it, however it ends.
    await runProgram('unshare', ['--mount', mmdebstrap, ...options, RELEASES[version].suite, draft]);
  } catch (cause) {
    throw new PlatformError(
      {
        what: `a Docker engine ${version} could not be made from Debian's packages: ${cause instanceof Error ? cause.message : String(cause)}`,
        fix: 'Check that a Debian mirror answers (http://deb.debian.org) and run the command again.',
      },
      { cause },
    );
  }
  await rename(draft, root);
  return root;
}

/** Spares what is mounted there: it is the machine's own. */
export async function removeTree(folder: string): Promise<void> {
  await runProgram('rm', ['-rf', '--one-file-system', folder]);
}

/** @throws PlatformError if the release has moved on */
export function checkVersion(version: EngineVersion, found: string): void {
  if (Number.parseInt(found, 10) === Number(version)) return;
  throw new PlatformError({
    what: `Debian's release ${RELEASES[version].suite} has another Docker engine by now`,
    got: found,
    allowed: `${version}.x`,
    fix: `Name a release that has it in cli/engine/private-engine/root.ts, or an archive of an earlier day as the mirror.`,
  });
}
