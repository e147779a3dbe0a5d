import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { fingerprint } from '../../../../cli/bootstrap/bundles.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder('bundles');
  mkdirSync(join(folder, 'cli'));
  writeFileSync(join(folder, 'cli', 'main.ts'), 'export {};\n');
});

test('bundles stay fresh while nothing changes, and through files that are no sources', () => {
  const before = fingerprint([folder]);
  writeFileSync(join(folder, 'cli', 'notes.md'), 'x');
  expect(fingerprint([folder])).toBe(before);
});

test.each([
  [
    'changed',
    () => {
      writeFileSync(join(folder, 'cli', 'main.ts'), 'export { };\n');
    },
  ],
  [
    'touched',
    () => {
      utimesSync(join(folder, 'cli', 'main.ts'), 1, 1);
    },
  ],
  [
    'added',
    () => {
      writeFileSync(join(folder, 'cli', 'new.mjs'), '');
    },
  ],
  [
    'removed',
    () => {
      rmSync(join(folder, 'cli', 'main.ts'));
    },
  ],
])('a source that was %s makes them stale', (_, change) => {
  const before = fingerprint([folder]);
  change();
  expect(fingerprint([folder])).not.toBe(before);
});
