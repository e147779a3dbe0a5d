import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { writeJson, writeWhole } from '../../constructs/core/whole-file.mjs';
import { unwritable } from '../terminal/result.js';

export interface FileToWrite {
  /** From the folder on, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** For nobody else's eyes. */
  readonly secret: boolean;
}

/** SHA-256 by path. More than one while a run writes, so that one that is cut off leaves nothing that the next takes for somebody else's. */
const Record = z.object({ formatVersion: z.literal(1), files: z.record(z.string(), z.array(z.string())) });
type Written = z.output<typeof Record>['files'];

export interface WriteOptions {
  /** The file that keeps what was written, from the folder on. */
  readonly record: string;
  /** Replace files that somebody else wrote or changed. @default false */
  readonly force?: boolean;
}

/**
 * Writes files that an earlier run may have written, and removes what that one wrote besides. What somebody else wrote, or has changed since,
 * is refused, all of it at once and before anything is written.
 * @throws PlatformError for such files, and where nothing can be written
 */
export function writeFiles(folder: string, files: readonly FileToWrite[], options: WriteOptions): void {
  try {
    tryToWrite(folder, files, options);
  } catch (error) {
    throw error instanceof PlatformError ? error : unwritable(error);
  }
}

function tryToWrite(folder: string, files: readonly FileToWrite[], { record, force = false }: WriteOptions): void {
  const known = readRecord(join(folder, record), force);
  const problems = files.flatMap(({ path, text }) => problemOf(folder, path, text, known[path] ?? [], force));
  if (problems.length > 0) throw PlatformError.all(problems);
  const fresh: Written = Object.fromEntries(files.map(({ path, text }) => [path, [hash(text)]]));
  const both = Object.keys({ ...known, ...fresh }).map((path) => [
    path,
    [...(known[path] ?? []), ...(fresh[path] ?? [])],
  ]);
  writeRecord(join(folder, record), Object.fromEntries(both) as Written);
  for (const { path, text, secret } of files) writeWhole(join(folder, path), text, secret ? { mode: 0o600 } : {});
  for (const [path, hashes] of Object.entries(known)) if (!(path in fresh)) removeOwn(folder, path, hashes);
  writeRecord(join(folder, record), fresh);
}

function problemOf(folder: string, path: string, text: string, own: readonly string[], force: boolean): Problem[] {
  const file = join(folder, path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    const fix = 'Choose another --output, or move the folder away.';
    return [{ what: 'there is a folder where a file would be written', got: file, allowed: 'a file', fix }];
  }
  if (!found || force) return [];
  const hashes = [...own, hash(text)];
  if (hashes.includes(hash(readFileSync(file)))) return [];
  return [
    {
      what:
        own.length > 0 ? 'a file was changed since it was written' : 'there is a file that this command did not write',
      got: file,
      allowed: 'files that it wrote, as it wrote them',
      fix: 'Choose another --output, or replace it with --force.',
    },
  ];
}

function removeOwn(folder: string, path: string, hashes: readonly string[]): void {
  const file = join(folder, path);
  if (!existsSync(file) || !hashes.includes(hash(readFileSync(file)))) return;
  rmSync(file);
  try {
    rmdirSync(dirname(file));
  } catch {
    // Not empty.
  }
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function writeRecord(file: string, files: Written): void {
  writeJson(file, { formatVersion: 1, files }, { mode: 0o600 });
}

/** @throws PlatformError if it is damaged: then nothing tells whose the files are */
function readRecord(file: string, force: boolean): Written {
  if (!existsSync(file)) return {};
  try {
    return Record.parse(JSON.parse(readFileSync(file, 'utf8'))).files;
  } catch (cause) {
    if (force) return {};
    throw new PlatformError(
      {
        what: 'the record of what was exported is damaged',
        got: file,
        allowed: 'what `npm run export` wrote',
        fix: 'Remove the folder that it is in, or replace all with --force.',
      },
      { cause },
    );
  }
}
