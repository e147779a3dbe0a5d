import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];

// Each file of tests has a copy of this module.
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A new, empty folder, which is removed when all tests of the file are over. Wherever it is called: in a file, a hook, a test. */
export function temporaryFolder(name = 'test'): string {
  // (macOS has a link there, Windows short names.)
  const folder = mkdtempSync(join(realpathSync.native(tmpdir()), `redis-platform-${name}-`));
  made.push(folder);
  return folder;
}

/** Writes files, by their paths in the folder, with the folders that they are in. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
