/**
 * One process at a time does a piece of work.
 *
 * Whoever wants the lock puts a file of its own, a claim, beside the path, then looks for others': with none alive it has the lock, else it
 * takes its own back and waits. Of two that claim at once at least the later one sees the other. Claims have names that are never used
 * again, so removing a dead one cannot hit a living one, however many do it at once.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import { parseJson } from './programs.mjs';
import { identityOf, stillRuns } from './process-identity.mjs';

const HEARTBEAT_MS = 5_000;
/** Windows and its Linux (WSL) have the same name, and processes of their own. */
export const HERE = `${hostname()} (${process.platform})`;
/** Only for processes that cannot be asked: of other machines (a folder that machines share), or where no system tool answers. */
const STALE_MS = 30_000;
const POLL_MS = 100;

/**
 * Who has the lock.
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} started see ProcessIdentity
 * @property {string} host and its system
 * @property {string} command in words
 * @property {string} since when, ISO 8601
 */

/**
 * @typedef {object} LockOptions
 * @property {string} [command] what the work is, for those who wait
 * @property {(holder: Holder) => void} [onWait] called once if another process has the lock; what it throws ends the waiting
 * @property {string | undefined} [within] the claim of an ancestor that has the lock and lets this process work in its stead
 */

/**
 * @template T
 * @param {string} path of the lock; its folder is made
 * @param {(claim: string) => Promise<T>} work is given the name of its claim
 * @param {LockOptions} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { command = 'another command', onWait, within } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const claim = `${path}.${process.pid}-${randomBytes(6).toString('hex')}`;
  const ours = new Set([basename(claim), within]);
  for (let waited = false; !tryClaim(path, claim, ours, command);) {
    const [holder] = livingClaims(path, ours);
    if (holder && !waited) {
      onWait?.(holder);
      waited = true;
    }
    // Not all at the same moment: those who claim together all step back.
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
  const release = () => {
    rmSync(claim, { force: true });
  };
  process.on('exit', release);
  const heartbeat = setInterval(() => {
    try {
      utimesSync(claim, new Date(), new Date());
    } catch {
      // Somebody cleaned up; the work goes on.
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work(basename(claim));
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

/**
 * @param {string} path
 * @param {string} claim
 * @param {ReadonlySet<string | undefined>} ours
 * @param {string} command
 */
function tryClaim(path, claim, ours, command) {
  // Waiting ones that claim time and again would keep each other out.
  if (livingClaims(path, ours).length > 0) return false;
  /** @type {Holder} */
  const holder = { ...identityOf(), host: HERE, command, since: new Date().toISOString() };
  writeJson(claim, holder, { mode: 0o644 });
  if (livingClaims(path, ours).length === 0) return true;
  rmSync(claim, { force: true });
  return false;
}

/**
 * Those of others; the dead ones are removed.
 * @param {string} path
 * @param {ReadonlySet<string | undefined>} ours
 * @returns {Holder[]}
 */
function livingClaims(path, ours) {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && /\d-[0-9a-f]{12}$/.test(name) && !ours.has(name),
  );
  return names.flatMap((name) => {
    const holder = readClaim(join(folder, name));
    return holder === undefined ? [] : [holder];
  });
}

/**
 * @param {string} file
 * @returns {Holder | undefined}
 */
function readClaim(file) {
  try {
    const holder = /** @type {Holder} */ (parseJson(readFileSync(file, 'utf8')));
    const stale = Date.now() - statSync(file).mtimeMs > STALE_MS;
    const alive = holder.host === HERE ? stillRuns(holder) : undefined;
    if (alive ?? !stale) return holder;
  } catch (error) {
    // Released just now.
    if (hasCode(error, 'ENOENT')) return undefined;
    // Windows, about a file that is just coming or going: the next look knows.
    if (hasCode(error, 'EPERM') || hasCode(error, 'EBUSY'))
      return { ...identityOf(), host: '', command: '', since: '' };
    // Claims appear whole; what is none was made by somebody else.
    if (!(error instanceof SyntaxError)) throw error;
  }
  rmSync(file, { force: true });
  return undefined;
}

/**
 * @param {unknown} error
 * @param {string} code such as `ENOENT`
 */
export function hasCode(error, code) {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
