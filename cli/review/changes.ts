import type { Git } from './git.js';

/** The lines of one file that differ. */
export interface ChangedFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

/** Lines that took the place of others, numbered from 1. */
export interface Hunk {
  /** Line numbers in the base. */
  readonly removed: readonly number[];
  /** Line numbers in the working tree. */
  readonly added: readonly number[];
}

/** Of a file whose lines are not told apart. */
const NEW: Hunk = { removed: [], added: [1] };

/** What differs between a commit and the working tree, new files that git does not know yet included. */
export async function changedFiles(git: Git, commit: string): Promise<ChangedFile[]> {
  const [diff, untracked] = await Promise.all([
    git.run(
      'diff',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--relative',
      '--src-prefix=a/',
      '--dst-prefix=b/',
      '--unified=0',
      commit,
    ),
    git.run('ls-files', '--others', '--exclude-standard'),
  ]);
  const added = untracked.split('\n').filter((path) => path !== '');
  return [...parseDiff(diff), ...added.map((path) => ({ path, hunks: [NEW] }))];
}

/** Reads a diff without context lines. */
export function parseDiff(diff: string): ChangedFile[] {
  const files: { path: string; hunks: Hunk[] }[] = [];
  // Lines of a hunk that are still to come: one of them may look like a header.
  let skip = 0;
  let path = '';
  for (const line of diff.split('\n')) {
    if (skip > 0) {
      if (!line.startsWith('\\')) skip--;
      continue;
    }
    const header = /^(?:---|\+\+\+) (?:"?[ab]\/(.+?)"?\t?|\/dev\/null)$/.exec(line);
    if (header) {
      if (line.startsWith('---')) path = header[1] ?? '';
      else {
        path = header[1] ?? path;
        files.push({ path, hunks: [] });
      }
      continue;
    }
    const binary = /^Binary files (?:a\/(.+?)|\/dev\/null) and (?:b\/(.+)|\/dev\/null) differ$/.exec(line);
    if (binary) files.push({ path: binary[2] ?? binary[1] ?? '', hunks: [NEW] });
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    const file = files.at(-1);
    if (!hunk || !file) continue;
    const [removed, added] = [range(hunk[1], hunk[2]), range(hunk[3], hunk[4])];
    file.hunks.push({ removed, added });
    skip = removed.length + added.length;
  }
  return files;
}

function range(start = '0', length = '1'): number[] {
  return Array.from({ length: Number(length) }, (_, index) => Number(start) + index);
}
