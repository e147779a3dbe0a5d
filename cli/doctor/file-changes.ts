import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What happened to files that were written, given another name and removed at once, as our commands do all the time. */
export interface FileChanges {
  readonly changes: number;
  /** What the system refused, as another program had the file open: `EBUSY`. */
  readonly refused: readonly string[];
  readonly slowestMs: number;
}

const CHANGES = 20;

/** Tries it in a folder of its own, which is gone afterwards. */
export function tryFileChanges(parent: string): FileChanges {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'try-'));
  const refused: string[] = [];
  let slowestMs = 0;
  try {
    for (let index = 0; index < CHANGES; index++) {
      const begun = performance.now();
      try {
        // Scanners like programs best.
        writeFileSync(join(folder, 'new.exe'), 'MZ');
        renameSync(join(folder, 'new.exe'), join(folder, `${index}.exe`));
        rmSync(join(folder, `${index}.exe`));
      } catch (error) {
        refused.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 200 });
  }
  return { changes: CHANGES, refused, slowestMs: Math.round(slowestMs) };
}
