import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withLock } from '../../../cli/machine/lock.mjs';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'work.lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('one works at a time, and the others hear that they wait', async () => {
  let working = 0;
  let waited = 0;
  const work = async (): Promise<void> => {
    expect(++working).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    working--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(path, work, () => waited++)));
  expect(waited).toBe(2);
  expect(existsSync(path)).toBe(false);
});

test('failing work releases the lock', async () => {
  await expect(withLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});

test('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, `${pid}@${hostname()}`);
  expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
});

test('the lock of another machine is taken over once it is no longer touched', async () => {
  writeFileSync(path, '1@another-machine');
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(path, longAgo, longAgo);
  expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
});
