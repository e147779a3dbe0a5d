/** Files that others read while they are written, or that must survive an interruption: whole or not at all. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Windows refuses to replace or move what somebody has open: another command, an editor, a virus scanner that looks at each new file, a
 * program that copies the folder to other machines. Most are done in a moment.
 */
const BUSY = new Set(['EPERM', 'EACCES', 'EBUSY']);
const PATIENCE_MS = 5_000;
const PAUSE_MS = 25;

/**
 * Replaces a file by a rename, after its new content has reached the disk. Unchanged files keep their time stamps.
 * @param {string} file
 * @param {string | Buffer} content
 * @param {{ mode?: number }} [options] `mode` of the file: 0o600 keeps it from others' eyes. Folders that are missing get none for others either.
 */
export function writeWhole(file, content, { mode = 0o666 } = {}) {
  if (holds(file, content)) return;
  mkdirSync(dirname(file), { recursive: true, ...((mode & 0o077) === 0 && { mode: 0o700 }) });
  // Of this process alone: two that write at once each put a whole one in place.
  const draft = `${file}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true });
    const opened = openSync(draft, 'wx', mode);
    try {
      for (let rest = Buffer.from(content); rest.length > 0;) rest = rest.subarray(writeSync(opened, rest));
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    putInPlace(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * @param {string} file
 * @param {unknown} value
 * @param {{ mode?: number }} [options] as writeWhole's
 */
export function writeJson(file, value, options) {
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`, options);
}

/**
 * @param {string} file
 * @param {string | Buffer} content
 */
function holds(file, content) {
  try {
    return readFileSync(file).equals(Buffer.from(content));
  } catch {
    return false;
  }
}

/**
 * Gives what is complete its place, in one go.
 * @param {string} draft a file or a folder, on the same drive
 * @param {string} place a file there is replaced; a folder must not be there
 * @param {typeof renameSync} [rename]
 * @param {NodeJS.Platform} [platform]
 * @throws the system's error; on Windows after 5 s in which it stayed busy
 */
export function putInPlace(draft, place, rename = renameSync, platform = process.platform) {
  for (const started = Date.now(); ;) {
    try {
      rename(draft, place);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (platform !== 'win32' || !BUSY.has(code) || Date.now() - started > PATIENCE_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

/**
 * Removes a folder with all that is in it, if it is there.
 * @param {string} folder
 * @throws the system's error; where something in it is in use, after 5 s
 */
export function removeFolder(folder) {
  // The pauses grow by 100 ms each.
  rmSync(folder, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
}
