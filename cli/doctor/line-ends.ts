import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import { findProgram, runProgram } from '../bootstrap/programs.mjs';

/** Of the files that images are made of. */
export interface LineEnds {
  /** Files with CRLF, below the project. */
  readonly files: readonly string[];
  /** git's `core.autocrlf`; undefined where it is not set, or there is no git. */
  readonly autocrlf: string | undefined;
}

/** What goes into containers as it lies there. */
const FOLDER = 'images';
const SKIPPED = ['node_modules'];

export async function lookAtLineEnds(project: string): Promise<LineEnds> {
  return {
    files: filesBelow(project, FOLDER).filter((file) => hasCrlf(readFileSync(join(project, file)))),
    autocrlf: await autocrlf(project),
  };
}

/** Slashes on every system, as git has them. */
function filesBelow(project: string, folder: string): string[] {
  return readdirSync(join(project, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.includes(entry.name) ? [] : filesBelow(project, path);
    return entry.isFile() ? [path] : [];
  });
}

/** Of text: binary files, told as git does by a NUL near the start, have no line ends. */
function hasCrlf(content: Buffer): boolean {
  return content.includes('\r\n') && !content.subarray(0, 8000).includes(0);
}

/** Nothing else of the file changes: bytes are not decoded, and who may do what with it stays. */
export function toLf(file: string): void {
  const content = readFileSync(file).toString('latin1').replaceAll('\r\n', '\n');
  writeWhole(file, Buffer.from(content, 'latin1'), { mode: statSync(file).mode & 0o777 });
}

async function autocrlf(project: string): Promise<string | undefined> {
  const git = findProgram('git');
  if (git === undefined) return undefined;
  // It ends with 1 where it is not set.
  return runProgram(git, ['config', '--get', 'core.autocrlf'], { cwd: project, timeoutMs: 5_000 }).then(
    (text) => text.trim(),
    () => undefined,
  );
}
