/** Finding and running programs, without dependencies: bootstrap.mjs needs it before `npm ci`. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * An error that is the user's to mend, worded as constructs/core/platform-error.ts does it.
 * @param {string} what
 * @param {string} fix
 */
export function userError(what, fix) {
  const error = new Error(`${what}: ${fix}`);
  error.name = 'PlatformError';
  return error;
}

/**
 * Told by name, as bootstrap.mjs and the program that it loads have classes of their own.
 * @param {unknown} error
 * @returns {error is Error}
 */
export function isUserError(error) {
  return error instanceof Error && error.name === 'PlatformError';
}

/**
 * Where a program is, as the shell would find it.
 * @param {string} name
 * @param {string[]} [also] folders besides PATH
 */
export function findProgram(name, also = []) {
  const windows = process.platform === 'win32';
  const extensions = windows ? (process.env['PATHEXT'] ?? '.EXE;.CMD;.BAT').toLowerCase().split(';') : [];
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...also]) {
    for (const extension of ['', ...extensions]) {
      const path = join(folder, name + extension);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() && (windows ? extension !== '' || /\.\w+$/.test(name) : (stats.mode & 0o111) !== 0))
        return path;
    }
  }
  return undefined;
}

/**
 * Runs a program without a shell and gives what it printed on stdout.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, onLine?: ((line: string) => void) | undefined, timeoutMs?: number, signal?: AbortSignal | undefined }} [options]
 *   `env` adds to the environment; `onLine` sees each line of both streams
 * @returns {Promise<string>}
 * @throws with the last 30 lines of output if it fails
 */
export function runProgram(program, args, { cwd, env, onLine, timeoutMs, signal } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
    let stdout = '';
    let everything = '';
    child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      stdout += text;
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
        everything += `${line}\n`;
        if (line.trim() !== '') onLine?.(line.trimEnd());
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`${program} ${args.join(' ')} ended with ${signal ?? String(code)}:\n${lastLines(everything)}`),
        );
    });
  });
}

/**
 * JSON.parse, without its `any`.
 * @param {string} text
 * @returns {unknown}
 */
export function parseJson(text) {
  return JSON.parse(text);
}

/**
 * @param {string} text
 * @param {number} [count]
 */
export function lastLines(text, count = 30) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * Negative, zero or positive as `a` is older than, the same as or newer than `b`. What follows the numbers does not count.
 * @param {string} a such as `1.11.4`, `20.10.24+dfsg1`, `go1.26`
 * @param {string} b
 */
export function compareVersions(a, b) {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @param {string} version */
function numbersOf(version) {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}
