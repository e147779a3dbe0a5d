import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { writeFiles } from '../../../../cli/export/written-files.js';
import { PlatformError } from '../../../../constructs/core/platform-error.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const record = 'p.yaml.files/written.json';
let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder('export'), 'new', 'out');
});

const write = (files: Record<string, string>, options: { force?: boolean } = {}) => {
  const all = Object.entries(files).map(([path, text]) => ({ path, text, secret: path.includes('secrets/') }));
  writeFiles(folder, all, { record, ...options });
};
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const edit = (path: string, text: string) => {
  writeFileSync(join(folder, path), text);
};
/** What is refused, by the ends of the paths. */
function refused(work: () => void): string[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return error.problems.map(({ got, what }) =>
      typeof got === 'string' ? got.slice(folder.length + 1).replaceAll('\\', '/') : what,
    );
  }
  throw new Error('nothing was refused');
}

const FIRST = { 'p.yaml': 'one', 'p.yaml.files/config/a': 'a', 'p.yaml.files/secrets/b': 'b' };

test('files are written with their folders, secret ones for nobody else', () => {
  write(FIRST);
  for (const [path, text] of Object.entries(FIRST)) expect(read(path)).toBe(text);
  if (process.platform === 'win32') return;
  expect(statSync(join(folder, 'p.yaml.files/secrets/b')).mode & 0o077).toBe(0);
  expect(statSync(join(folder, record)).mode & 0o077).toBe(0);
});

test('another run replaces what the first one wrote, and removes what is no longer needed', () => {
  write(FIRST);
  write({ 'p.yaml': 'two', 'p.yaml.files/config/c': 'c' });
  expect([read('p.yaml'), read('p.yaml.files/config/c')]).toEqual(['two', 'c']);
  expect(readdirSync(join(folder, 'p.yaml.files')).sort()).toEqual(['config', 'written.json']);
  expect(readdirSync(join(folder, 'p.yaml.files/config'))).toEqual(['c']);
});

test('what somebody else wrote, or changed since, is refused, all of it at once, and nothing is written', () => {
  write(FIRST);
  edit('p.yaml', 'edited');
  edit('p.yaml.files/config/new', 'foreign');
  const next = { 'p.yaml': 'two', 'p.yaml.files/config/a': 'a2', 'p.yaml.files/config/new': 'mine' };
  expect(
    refused(() => {
      write(next);
    }),
  ).toEqual(['p.yaml', 'p.yaml.files/config/new']);
  expect([read('p.yaml'), read('p.yaml.files/config/a')]).toEqual(['edited', 'a']);
  write(next, { force: true });
  expect([read('p.yaml'), read('p.yaml.files/config/new')]).toEqual(['two', 'mine']);
});

test('a file that holds what would be written is nobody’s loss', () => {
  mkdirSync(folder, { recursive: true });
  edit('p.yaml', 'one');
  write(FIRST);
  expect(read('p.yaml')).toBe('one');
});

test('a file that is no longer needed but was changed, and files of others, stay', () => {
  write(FIRST);
  edit('p.yaml.files/config/a', 'mine now');
  edit('p.yaml.files/config/notes', 'foreign');
  write({ 'p.yaml': 'one' });
  expect([read('p.yaml.files/config/a'), read('p.yaml.files/config/notes')]).toEqual(['mine now', 'foreign']);
  expect(existsSync(join(folder, 'p.yaml.files/secrets/b'))).toBe(false);
});

test('a run that was cut off leaves nothing that the next one takes for another’s', () => {
  write(FIRST);
  // A folder where the last file's draft would be ends the run after the others.
  const draft = join(folder, `p.yaml.files/z.${process.pid}.new`);
  mkdirSync(draft);
  const next = { 'p.yaml': 'two', 'p.yaml.files/config/a': 'a2', 'p.yaml.files/z': 'z' };
  expect(() => {
    write(next);
  }).toThrow(/--output cannot be written/);
  expect([read('p.yaml'), read('p.yaml.files/config/a')]).toEqual(['two', 'a2']);
  rmdirSync(draft);
  write({ ...next, 'p.yaml': 'three' });
  expect([read('p.yaml'), read('p.yaml.files/z')]).toEqual(['three', 'z']);
});

test('a file in the place of a folder is said, without a stack', () => {
  mkdirSync(folder, { recursive: true });
  edit('p.yaml.files', 'in the way');
  expect(() => {
    write(FIRST);
  }).toThrow(/--output cannot be written \(got .*(ENOTDIR|EEXIST|ENOENT)/);
});

test('a folder in the place of a file is refused, by force too', () => {
  mkdirSync(join(folder, 'p.yaml'), { recursive: true });
  expect(
    refused(() => {
      write(FIRST, { force: true });
    }),
  ).toEqual(['p.yaml']);
});

test('without a whole record nothing is replaced but by force', () => {
  write(FIRST);
  edit(record, '{"formatVersion":1,');
  expect(
    refused(() => {
      write({ 'p.yaml': 'two' });
    }),
  ).toEqual([record]);
  write({ 'p.yaml': 'two' }, { force: true });
  expect(read('p.yaml')).toBe('two');
});
