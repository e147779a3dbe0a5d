import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import { processEnv } from '../../environments/process-env.js';
import { desktopCommand, type ProgramCall, startDesktop } from './docker-desktop.js';
import { type Engine, connectEngine } from './engine.js';
import { OPEN_FILES } from './open-files.js';
import { EngineError } from './error.js';
import { untilAnswers } from './start.js';
import { withLock } from '../bootstrap/lock.mjs';
import { isRunning } from '../bootstrap/process-identity.mjs';
import { cacheFolder, stateFolder } from '../bootstrap/paths.mjs';
import { findProgram, runProgram } from '../bootstrap/programs.mjs';

/** What could be done about a missing engine. */
export type EngineRemedy = 'install' | 'start' | 'desktop';

/** What runs because of us, and how to stop it. */
interface StartedEngine {
  readonly by: 'systemd' | 'us';
  /** Of dockerd, where it was started by us. */
  readonly pid?: number;
}

const stateFile = join(stateFolder, 'engine.json');
const logFile = join(stateFolder, 'dockerd.log');
/** dockerd's own. */
const pidFile = '/var/run/docker.pid';

/** A stopping daemon holds its pid file and containerd's socket for about 10 s. */
const STOP_MS = 30_000;

/** Where root's programs are, also for a shell that does not look there. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];

/**
 * Does about a missing engine what was agreed to: installs it before it is started (on Debian and Ubuntu), starts it, or Docker Desktop.
 * @param onProgress says what is done, then sees what the programs that do it print
 * @throws EngineError if there is none in the end
 */
export async function ensureEngine(remedy: EngineRemedy, onProgress?: (line: string) => void): Promise<Engine> {
  onProgress?.(`no Docker engine runs here: ${deedOf(remedy)}`);
  if (remedy === 'desktop') return startDesktop(onProgress);
  if (remedy === 'install') await installEngine(onProgress);
  // Two checkouts that start at the same time need one engine.
  return withLock(join(cacheFolder(), 'engine.lock'), () => connectEngine().catch(() => startEngine(onProgress)));
}

/** In words: `start dockerd`. */
export function deedOf(remedy: EngineRemedy): string {
  if (remedy === 'desktop') return 'start Docker Desktop';
  return remedy === 'install' ? 'install the packages docker.io and iptables and start dockerd' : 'start dockerd';
}

/** What to ask before it is done. */
export function askFor(remedy: EngineRemedy): string {
  return `No Docker engine runs here. May I ${deedOf(remedy)}?`;
}

/**
 * What we could do about a missing engine here, if anything.
 * @param asks whether somebody is asked before: a window that opens by itself would surprise
 */
export function engineRemedy(
  error: EngineError,
  asks: boolean,
  platform: NodeJS.Platform = process.platform,
  desktop: () => unknown = desktopCommand,
): EngineRemedy | undefined {
  if (!error.absent || error.address.origin === 'DOCKER_HOST') return undefined;
  if (platform !== 'linux') return asks && desktop() !== undefined ? 'desktop' : undefined;
  if (error.address.host !== 'unix:///var/run/docker.sock' || process.getuid?.() !== 0) return undefined;
  if (findProgram('dockerd', SYSTEM_FOLDERS) !== undefined) return 'start';
  return findProgram('apt-get', SYSTEM_FOLDERS) === undefined ? undefined : 'install';
}

/**
 * Stops the engine that `ensureEngine` started here, if it did, and waits for its exit. Containers stay; they start again with it.
 * @returns whether there was one to stop
 */
export async function stopStartedEngine(): Promise<boolean> {
  const started = readStarted();
  if (started === undefined) return false;
  if (started.by === 'systemd') {
    await runProgram('systemctl', ['stop', 'docker.socket', 'docker.service']);
  } else if (started.pid !== undefined && isDockerd(started.pid)) {
    process.kill(started.pid, 'SIGTERM');
    await untilGone(started.pid);
  }
  rmSync(stateFile, { force: true });
  return true;
}

async function installEngine(onProgress?: (line: string) => void): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const onLine = onProgress;
  try {
    await runProgram('apt-get', ['update', '-q'], { env, onLine });
    const packages = ['docker.io', 'iptables', ...(await clientPackage())];
    await runProgram('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], { env, onLine });
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the Docker engine could not be installed: ${cause instanceof Error ? cause.message : String(cause)}`,
        fix: "Install Docker's engine by hand (https://docs.docker.com/engine/install/) and run the command again.",
      },
      { cause },
    );
  }
}

/** From Debian 13 on, Docker's command line is a package of its own. */
async function clientPackage(): Promise<string[]> {
  if (findProgram('docker') !== undefined) return [];
  return runProgram('apt-cache', ['show', 'docker-cli']).then(
    () => ['docker-cli'],
    () => [],
  );
}

async function startEngine(onProgress?: (line: string) => void): Promise<Engine> {
  mkdirSync(stateFolder, { recursive: true });
  if (existsSync('/run/systemd/system')) {
    // Installing the package may have started it already.
    await runProgram('systemctl', ['start', 'docker.service']);
    remember({ by: 'systemd' });
    return untilAnswers({ hasEnded: () => false, logFile });
  }
  const old = await settleOldDaemon(onProgress);
  if (old !== undefined) return old;
  const log = openSync(logFile, 'w');
  const { program, args } = withOpenFiles(findProgram('dockerd', SYSTEM_FOLDERS) ?? 'dockerd');
  const daemon = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...processEnv, PATH: await pathForDaemon() },
  });
  let ended = false;
  daemon.on('exit', () => (ended = true)).on('error', () => (ended = true));
  daemon.unref();
  closeSync(log);
  if (daemon.pid !== undefined) remember({ by: 'us', pid: daemon.pid });
  return untilAnswers({ hasEnded: () => ended, logFile });
}

/**
 * Containers inherit how many files they may have open, and a shell's usual 1,024 or 4,096 are too few for the proxy. Where not as many as
 * wanted are allowed, all that are.
 */
export function withOpenFiles(program: string): ProgramCall {
  const script = `ulimit -n ${OPEN_FILES} 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec "$0"`;
  return { program: '/bin/sh', args: ['-c', script, program] };
}

/** A daemon that is about to stop does not answer any more, and a second one refuses to start beside it. */
async function settleOldDaemon(onProgress?: (line: string) => void): Promise<Engine | undefined> {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (!isDockerd(pid)) {
    // Left behind by a machine that went down; dockerd would take another process with this id for itself.
    rmSync(pidFile, { force: true });
    return undefined;
  }
  onProgress?.('waiting for a dockerd that is ending or starting');
  let engine: Engine | undefined;
  await untilGone(pid, async () => {
    engine = await connectEngine().catch(() => undefined);
    return engine !== undefined;
  });
  return engine;
}

async function untilGone(pid: number, orElse: () => Promise<boolean> = () => Promise.resolve(false)): Promise<void> {
  const deadline = Date.now() + STOP_MS;
  while (isRunning(pid) && !isZombie(pid) && !(await orElse())) {
    if (Date.now() > deadline) {
      throw new PlatformError({
        what: `dockerd (process ${pid}) has not ended after ${STOP_MS / 1000} s`,
        fix: `Look at ${logFile}, end the process and run the command again.`,
      });
    }
    await sleep(200);
  }
}

/** Guards against an id that now belongs to another process. */
function isDockerd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'dockerd';
  } catch {
    return false;
  }
}

/** Ended, but its parent (a container's first process, say) never asks how. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Some kernels know only the older rule tables; dockerd then has to find the older iptables first. */
async function pathForDaemon(): Promise<string> {
  const path = [...new Set([...(processEnv['PATH'] ?? '').split(':'), ...SYSTEM_FOLDERS])].join(':');
  if (await listsRules('iptables')) return path;
  if (!(await listsRules('iptables-legacy'))) return path;
  const folder = resolve(stateFolder, 'iptables-legacy');
  mkdirSync(folder, { recursive: true });
  for (const name of ['iptables', 'ip6tables']) {
    const target = findProgram(`${name}-legacy`, SYSTEM_FOLDERS);
    if (target !== undefined && !existsSync(join(folder, name))) symlinkSync(target, join(folder, name));
  }
  return `${folder}:${path}`;
}

async function listsRules(program: string): Promise<boolean> {
  const binary = findProgram(program, SYSTEM_FOLDERS);
  if (binary === undefined) return false;
  return runProgram(binary, ['--table', 'nat', '--list', '--numeric'], { timeoutMs: 10_000 }).then(
    () => true,
    () => false,
  );
}

function remember(started: StartedEngine): void {
  writeJson(stateFile, started);
}

function readStarted(): StartedEngine | undefined {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as StartedEngine;
  } catch {
    return undefined;
  }
}
