/** Which process is meant: ids are given out again, also while somebody remembers the old one. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} ProcessIdentity
 * @property {number} pid
 * @property {string} started tells it from others that had the id: on Linux the kernel's own words, elsewhere milliseconds since 1970
 */

/** Clocks are set, and asking takes its time. */
const TOLERANCE_MS = 5_000;

/**
 * @param {number} [pid] this process unless another is meant, which must have been started just now
 * @returns {ProcessIdentity}
 */
export function identityOf(pid = process.pid) {
  const age = pid === process.pid ? process.uptime() * 1000 : 0;
  return { pid, started: linuxStart(pid) ?? String(Math.round(Date.now() - age)) };
}

/**
 * Whether that very process still runs. Where nobody can tell whether it is the same, it is taken for it.
 * @param {ProcessIdentity} identity
 */
export function isAlive(identity) {
  return stillRuns(identity) ?? true;
}

/**
 * The same, for who has another sign of life.
 * @param {ProcessIdentity} identity
 * @returns {boolean | undefined} undefined if there is a process of that id, and nobody can tell whether it is the same
 */
export function stillRuns({ pid, started }) {
  if (!isRunning(pid)) return false;
  if (process.platform === 'linux') return linuxStart(pid) === started;
  const now = startedAt(pid, process.platform);
  return now === undefined ? undefined : Math.abs(now - Number(started)) < TOLERANCE_MS;
}

/**
 * Whether a process exists, also if it is another user's.
 * @param {number} pid
 */
export function isRunning(pid) {
  // Zero and below mean whole groups.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * @param {number} pid
 * @returns {string | undefined} nothing for one that is not there, has ended and only waits to be noticed, or on another system
 */
function linuxStart(pid) {
  if (process.platform !== 'linux') return undefined;
  try {
    // Its second part is the name, which may hold anything; man 5 proc counts from 1: state is 3, starttime is 22.
    const after = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (after[0] === 'Z' || after[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${after[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

/**
 * What was answered lately is not asked again: PowerShell takes half a second, and who waits for a lock asks ten times in one.
 * @param {number} pid
 * @param {NodeJS.Platform} platform
 * @returns {number | undefined} in milliseconds since 1970
 */
function startedAt(pid, platform) {
  const known = answers.get(pid);
  if (known !== undefined && Date.now() - known.at < ASK_AGAIN_MS) return known.answer;
  const answer = askStart(pid, platform);
  answers.set(pid, { at: Date.now(), answer });
  return answer;
}

const ASK_AGAIN_MS = 5_000;
/** @type {Map<number, { at: number, answer: number | undefined }>} */
const answers = new Map();

/**
 * @param {number} pid
 * @param {NodeJS.Platform} platform
 * @returns {number | undefined}
 */
function askStart(pid, platform) {
  const script = `([DateTimeOffset](Get-Process -Id ${pid}).StartTime).ToUnixTimeMilliseconds()`;
  try {
    if (platform === 'win32')
      return number(ask('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]));
    return number(Date.parse(ask('ps', ['-o', 'lstart=', '-p', String(pid)])));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function ask(program, args) {
  const env = { ...process.env, LC_ALL: 'C' };
  return execFileSync(program, args, {
    encoding: 'utf8',
    timeout: 10_000,
    windowsHide: true,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** @param {string | number} value */
function number(value) {
  const found = typeof value === 'number' ? value : Number.parseInt(value, 10);
  return Number.isFinite(found) ? found : undefined;
}
