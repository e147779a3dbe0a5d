import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { putInPlace, removeFolder, writeJson, writeWhole } from '../../../constructs/core/whole-file.mjs';
import { temporaryFolder } from '../../support/temporary-folder.js';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder('whole');
});

test('a file is replaced, never written in place, and leaves no draft', () => {
  const file = join(folder, 'new', 'a.json');
  writeJson(file, { a: 1 });
  const { ino } = statSync(file);
  writeJson(file, { a: 2 });
  expect(readFileSync(file, 'utf8')).toBe('{\n  "a": 2\n}\n');
  expect(readdirSync(join(folder, 'new'))).toEqual(['a.json']);
  if (process.platform !== 'win32') expect(statSync(file).ino).not.toBe(ino);
});

test('one that would be the same keeps its time stamp', () => {
  const file = join(folder, 'a');
  writeWhole(file, 'same');
  const { mtimeMs, ino } = statSync(file);
  writeWhole(file, Buffer.from('same'));
  expect(statSync(file)).toMatchObject({ mtimeMs, ino });
});

test('what cannot be put in its place leaves nothing behind', () => {
  expect(() => {
    writeWhole(folder, 'text');
  }).toThrow();
  expect(
    readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split(/[\\/]/).at(-1) ?? ''}.`)),
  ).toEqual([]);
});

function busy(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('what Windows will not move while somebody has it open is tried again', () => {
  let refusals = 2;
  const rename: typeof renameSync = (from, to) => {
    if (refusals-- > 0) throw busy('EPERM');
    renameSync(from, to);
  };
  writeFileSync(join(folder, 'draft'), 'text');
  putInPlace(join(folder, 'draft'), join(folder, 'place'), rename, 'win32');
  expect(readFileSync(join(folder, 'place'), 'utf8')).toBe('text');
});

test.each([
  ['win32', 'ENOSPC'],
  ['linux', 'EPERM'],
] as const)('on %s %s does not pass by itself', (platform, code) => {
  let tries = 0;
  const rename = () => {
    tries++;
    throw busy(code);
  };
  expect(() => {
    putInPlace('draft', 'place', rename, platform);
  }).toThrow(code);
  expect(tries).toBe(1);
});

test('a folder is removed as soon as nobody has a file of it open any more', async () => {
  const full = join(folder, 'full');
  mkdirSync(join(full, 'sub'), { recursive: true });
  // Its output keeps a file open, as a virus scanner does.
  const holder = spawn(
    process.execPath,
    ['-e', "require('fs').openSync('a', 'w'); console.log('open'); setTimeout(() => {}, 1000)"],
    { cwd: join(full, 'sub') },
  );
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  removeFolder(full);
  expect(existsSync(full)).toBe(false);
  await ended;
});
