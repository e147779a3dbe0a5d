/** Finding and running programs, without dependencies: bootstrap.mjs needs it before `npm ci`. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * An error that is the user's to fix, worded as constructs/core/platform-error.ts does it.
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

/** What Windows can start without an interpreter of its own for it, and what commandFor starts with one. */
const WINDOWS_ENDINGS = ['.com', '.exe', '.cmd', '.bat'];

/**
 * Where a program is, as the shell would find it.
 * @param {string} name or its path
 * @param {string[]} [also] folders besides PATH
 */
export function findProgram(name, also = []) {
  const endings = process.platform !== 'win32' || /\.\w+$/.test(name) ? [''] : WINDOWS_ENDINGS;
  // An entry of Windows' PATH may be quoted. An empty one would mean the current folder, whatever lies there.
  const entries = (process.env['PATH'] ?? '').split(delimiter).map((entry) => entry.replace(/^"(.*)"$/, '$1'));
  const folders = isAbsolute(name) ? [''] : [...entries.filter((entry) => entry !== ''), ...also];
  return folders
    .flatMap((folder) => endings.map((ending) => (folder === '' ? name : join(folder, name)) + ending))
    .find(isProgram);
}

/** @param {string} path */
function isProgram(path) {
  try {
    const stats = statSync(path);
    return stats.isFile() && (process.platform === 'win32' || (stats.mode & 0o111) !== 0);
  } catch {
    // Not there, or in a folder that this user may not look into: a shell goes on as well.
    return false;
  }
}

/**
 * What to start for a program with these arguments. A batch file, as version managers put before the real program, is run by cmd.exe; Node
 * refuses to do that by itself, as cmd.exe reads arguments in its own way.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {{ file: string, args: string[], windowsVerbatimArguments?: true }}
 */
export function commandFor(program, args) {
  if (process.platform !== 'win32' || !/\.(?:cmd|bat)$/i.test(program)) return { file: program, args: [...args] };
  // Once for the line that cmd.exe reads, once more for the line of the batch file that hands them on (%*).
  const line = [`"${program}"`, ...args.map((arg) => caretted(caretted(quoted(arg))))].join(' ');
  return {
    file: process.env['ComSpec'] ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${line}"`],
    windowsVerbatimArguments: true,
  };
}

/**
 * As programs take their command line apart (Microsoft, "Parsing C command-line arguments").
 * @param {string} arg
 */
function quoted(arg) {
  // Backslashes count as such unless a quote follows.
  return `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

/**
 * With nothing left that cmd.exe gives a meaning.
 * @param {string} text
 */
function caretted(text) {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}

/**
 * Runs a program without a shell and gives what it printed on stdout.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, only?: Record<string, string | undefined>, onLine?: ((line: string) => void) | undefined, timeoutMs?: number, signal?: AbortSignal | undefined, encoding?: BufferEncoding }} [options]
 *   `env` adds to the environment, `only` is all of it; `onLine` sees each line of both streams; `encoding` is of stdout, `latin1` keeps bytes as they are. @default utf8
 * @returns {Promise<string>}
 * @throws with the last 30 lines of output if it fails
 */
export function runProgram(program, args, { cwd, env, only, onLine, timeoutMs, signal, encoding = 'utf8' } = {}) {
  return new Promise((resolve, reject) => {
    const command = commandFor(program, args);
    const child = spawn(command.file, command.args, {
      windowsVerbatimArguments: command.windowsVerbatimArguments,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      env: { ...(only ?? process.env), ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
    const end = () => child.kill();
    // Not left behind, however this process ends by itself.
    process.on('exit', end);
    let stdout = '';
    let everything = '';
    child.stdout.setEncoding(encoding).on('data', (/** @type {string} */ text) => {
      stdout += text;
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
        everything += `${line}\n`;
        if (line.trim() !== '') onLine?.(line.trimEnd());
      });
    }
    child.on('error', (error) => {
      process.off('exit', end);
      reject(error);
    });
    child.on('close', (code, signal) => {
      process.off('exit', end);
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
