import { rmdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hasCode } from '../bootstrap/lock.mjs';
import { toLf } from './line-ends.js';

/** What `doctor --fix` does by itself: nothing that holds data, nothing on the engine, nothing outside of the checkout. */
export type Repair =
  /** Of files below the project. */
  | { readonly kind: 'line ends'; readonly files: readonly string[] }
  | { readonly kind: 'remove files'; readonly files: readonly string[] }
  | { readonly kind: 'remove empty folder'; readonly folder: string };

/**
 * @param project the folder of the checkout
 * @returns exactly what was done, a sentence for each
 * @throws the system's error; what was done before it stays
 */
export function carryOut(project: string, repairs: readonly Repair[]): string[] {
  return repairs.flatMap((repair) => {
    if (repair.kind === 'line ends') {
      return repair.files.map((file) => {
        toLf(join(project, file));
        return `${file}: CRLF replaced by LF`;
      });
    }
    if (repair.kind === 'remove files') {
      return repair.files.map((file) => {
        rmSync(file, { force: true });
        return `removed the file ${file}`;
      });
    }
    return removeEmpty(resolve(project, repair.folder));
  });
}

/** The system refuses where something came into it meanwhile. */
function removeEmpty(folder: string): string[] {
  try {
    rmdirSync(folder);
    return [`removed the empty folder ${folder}`];
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
