import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { identityOf, isAlive, isRunning, stillRuns } from '../../../../cli/bootstrap/process-identity.mjs';

test('this process is alive', () => {
  expect([isAlive(identityOf()), isRunning(process.pid)]).toEqual([true, true]);
});

test('another one is alive until it ends', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const identity = identityOf(child.pid);
  expect(isAlive(identity)).toBe(true);
  const ended = once(child, 'exit');
  child.stdin.end();
  await ended;
  expect([isAlive(identity), stillRuns(identity)]).toEqual([false, false]);
});

test('one that ended is not, nor what has its id now, where the system tells', () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  expect(isAlive({ pid, started: '1' })).toBe(false);
  // Not everywhere anybody can tell: a Windows may be without PowerShell.
  expect([false, undefined]).toContain(stillRuns({ pid: process.pid, started: '1' }));
  if (process.platform === 'linux') expect(isAlive({ pid: process.pid, started: '1' })).toBe(false);
});

test('no id is none of a group of processes', () => {
  expect([0, -1, 1.5, NaN].map((pid) => isRunning(pid))).toEqual([false, false, false, false]);
});
