/**
 * How a command ends when it is interrupted: Ctrl-C, SIGTERM, or its terminal is closed.
 *
 * The first signal asks what must not be cut off (Terraform, which may be writing its state) to end, once, and waits for it; nothing else is
 * worth waiting for, as all files are written whole. A second one, or 8 s without an end, ends everything at once.
 */
import { setMaxListeners } from 'node:events';
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A signal from the terminal comes twice: npm passes on what its child got already. */
const SAME_PRESS_MS = 400;
/** With the rest of the way out, a command ends within 10 s. */
const PATIENCE_MS = 8_000;
const SHOW_CURSOR = '\u001b[?25h';
/** From SIGKILL to the exit. */
const KILL_MS = 1_000;

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  ...(process.platform === 'win32' ? /** @type {const} */ (['SIGBREAK']) : []),
];

/** The command was interrupted; not an error. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super('interrupted');
    this.name = 'Interrupted';
    /** As shells have it: 130 for Ctrl-C. */
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Work in another process that must not be cut off.
 * @typedef {object} Careful
 * @property {string} what e.g. `Terraform`
 * @property {(signal: NodeJS.Signals) => void} interrupt asks it to end; called once
 * @property {() => void} kill ends it at once, with all that it started
 * @property {Promise<unknown>} ended never rejects
 */

/** @type {Set<Careful>} */
const running = new Set();
/** @type {{ signal: NodeJS.Signals, at: number } | undefined} */
let first;
/** What must not be cut off has ended. */
const over = new AbortController();

/** How a terminal that was closed, and a pipe that nobody reads, show; EOF is Windows' way. */
const GONE = new Set(['EIO', 'EPIPE', 'EOF']);

// Many pieces of work may listen at once; Node takes more than ten for a leak.
setMaxListeners(0, over.signal);

/** From now on signals end this process as described above. Called once, by the program. */
export function handleInterruptions() {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      // The terminal is gone, which SIGHUP says too, but not always first; or the reader, as of `npm start | head`.
      if (!GONE.has(error.code ?? '')) throw error;
      onSignal('SIGHUP');
    });
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {number} [graceMs] for others to unwind first
 * @returns {Promise<T>}
 * @throws Interrupted once what must not be cut off has ended
 */
export function unlessInterrupted(work, graceMs = 0) {
  return new Promise((resolve, reject) => {
    const give = () => setTimeout(reject, graceMs, over.signal.reason);
    if (over.signal.aborted) give();
    else over.signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => {
      over.signal.removeEventListener('abort', give);
    });
  });
}

/** @throws Interrupted if the command is ending: nothing new is begun */
export function throwIfInterrupted() {
  if (first !== undefined) throw new Interrupted(first.signal);
}

/** @param {Careful} careful waited for when the command is interrupted, until it has ended */
export function careFor(careful) {
  running.add(careful);
  void careful.ended.then(() => running.delete(careful));
}

/** @param {NodeJS.Signals} signal */
function onSignal(signal) {
  if (first === undefined) {
    first = { signal, at: Date.now() };
    void finish(signal);
  } else if (Date.now() - first.at > SAME_PRESS_MS) {
    void end(first.signal);
  }
}

/** @param {NodeJS.Signals} signal */
async function finish(signal) {
  const cared = [...running];
  if (cared.length > 0) {
    const names = [...new Set(cared.map(({ what }) => what))].join(', ');
    say(
      `Interrupted: ${names} finishes what it is writing, in at most ${PATIENCE_MS / 1000} s. Ctrl-C again ends it at once.`,
    );
  }
  for (const each of cared) each.interrupt(signal);
  await within(PATIENCE_MS, cared);
  await end(signal);
}

/** @param {NodeJS.Signals} signal */
async function end(signal) {
  const interrupted = new Interrupted(signal);
  const left = [...running];
  for (const each of left) each.kill();
  await within(KILL_MS, left);
  over.abort(interrupted);
  // Whoever waits for something else than its own steps is not waited for.
  await sleep(2 * KILL_MS);
  process.exit(interrupted.exitCode);
}

/**
 * @param {number} milliseconds
 * @param {readonly Careful[]} cared
 */
async function within(milliseconds, cared) {
  const cancel = new AbortController();
  const timer = sleep(milliseconds, undefined, { signal: cancel.signal }).catch(() => undefined);
  await Promise.race([Promise.all(cared.map(({ ended }) => ended)), timer]);
  cancel.abort();
}

/**
 * Past Listr, which holds back what others write while it draws.
 * @param {string} text
 */
export function say(text) {
  try {
    writeSync(2, `${process.stderr.isTTY ? SHOW_CURSOR : ''}\n${text}\n`);
  } catch {
    // Nobody is there to read it.
  }
}
