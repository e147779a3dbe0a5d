import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from '@jest/globals';
import { HERE, type Holder, withLock } from '../../../../cli/bootstrap/lock.mjs';
import { identityOf } from '../../../../cli/bootstrap/process-identity.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder('lock');
  path = join(folder, 'work.lock');
});

/** As another process leaves it. */
function claim(holder: Partial<Holder>): string {
  const file = `${path}.${holder.pid ?? 0}-0123456789ab`;
  const whole = { pid: 0, started: '0', host: HERE, command: 'npm run down', since: new Date().toISOString() };
  writeFileSync(file, JSON.stringify({ ...whole, ...holder }));
  return file;
}

test('one works at a time, and the others hear that they wait', async () => {
  let working = 0;
  let waited = 0;
  const work = async (): Promise<void> => {
    expect(++working).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    working--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(path, work, { onWait: () => waited++ })));
  expect(waited).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
});

test('processes that race for what a dead one left never work at the same time', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  claim({ pid });
  const log = join(folder, 'log');
  appendFileSync(log, '');
  const module = pathToFileURL(resolve('cli/bootstrap/lock.mjs')).href;
  const racer = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(module)};
    for (let round = 0; round < 5; round++)
      await withLock(${JSON.stringify(path)}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in\\n');
        await sleep(20);
        appendFileSync(${JSON.stringify(log)}, 'out\\n');
      });`;
  const racers = [1, 2].map(() => spawn(process.execPath, ['--input-type=module', '-e', racer], { stdio: 'inherit' }));
  const ends = await Promise.all(racers.map((one) => once(one, 'exit')));
  expect(ends.map(([code]) => code as number)).toEqual([0, 0]);
  expect(readFileSync(log, 'utf8')).toBe('in\nout\n'.repeat(10));
});

test('failing work releases the lock', async () => {
  await expect(withLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(readdirSync(folder)).toEqual([]);
});

test('who waits learns who has the lock, and may end instead', async () => {
  const file = claim({ ...identityOf(), command: 'npm run start' });
  const onWait = ({ command }: Holder) => {
    throw new Error(`busy: ${command}`);
  };
  await expect(withLock(path, () => Promise.resolve(), { onWait })).rejects.toThrow('busy: npm run start');
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([file]);
});

test('what an ancestor has, its children may work under', async () => {
  const within = claim(identityOf()).slice(folder.length + 1);
  expect(await withLock(path, () => Promise.resolve('done'), { within })).toBe('done');
});

test('the lock of a process that is gone is taken over, also where its id was given out again', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  claim({ pid });
  claim({ pid: process.pid, started: '1' });
  expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
});

test("a command of Windows' Linux keeps its lock although Windows has no such process", async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  claim({ pid, host: `${hostname()} (another system)` });
  const onWait = () => {
    throw new Error('waits');
  };
  await expect(withLock(path, () => Promise.resolve(), { onWait })).rejects.toThrow('waits');
});

test('the lock of another machine is taken over once it is no longer touched', async () => {
  const file = claim({ pid: 1, host: 'another-machine' });
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(file, longAgo, longAgo);
  expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
});
