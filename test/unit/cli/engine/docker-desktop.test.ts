import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { desktopCommand, startDesktop } from '../../../../cli/engine/docker-desktop.js';
import { connectEngine, type Engine } from '../../../../cli/engine/engine.js';
import { engineRemedy } from '../../../../cli/engine/install.js';
import { noAnswer } from '../../../../cli/engine/error.js';
import { Duration } from '../../../../constructs/core/units.js';
import { eventually } from '../../../support/eventually.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const windows = { ProgramFiles: 'C:\\Program Files', LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' };

test.each([
  ['win32', windows, 'C:\\Program Files\\Docker\\Docker\\Docker Desktop.exe', []],
  ['win32', windows, 'C:\\Users\\ada\\AppData\\Local\\Programs\\DockerDesktop\\Docker Desktop.exe', []],
  ['darwin', {}, '/Applications/Docker.app', ['--background', '/Applications/Docker.app']],
  [
    'darwin',
    { HOME: '/Users/ada' },
    '/Users/ada/Applications/Docker.app',
    ['--background', '/Users/ada/Applications/Docker.app'],
  ],
] as const)('on %s Docker Desktop is started from where it is: %j', (platform, env, place, args) => {
  expect(desktopCommand(platform, env, (path) => path === place)).toEqual({
    program: platform === 'win32' ? place : '/usr/bin/open',
    args,
  });
});

test('where it is not installed, and on Linux, there is nothing to start', () => {
  expect(desktopCommand('win32', windows, () => false)).toBeUndefined();
  expect(desktopCommand('win32', {}, () => true)).toBeUndefined();
  expect(desktopCommand('linux', {}, () => true)).toBeUndefined();
});

const absent = noAnswer(
  Object.assign(new Error(), { code: 'ENOENT' }),
  { host: 'npipe:////./pipe/docker_engine', origin: 'the default' },
  'win32',
);

test('it is started, and used as soon as its engine answers', async () => {
  const folder = temporaryFolder('desktop');
  const file = join(folder, 'started');
  const call = {
    program: process.execPath,
    args: ['-e', `require('fs').writeFileSync(${JSON.stringify(file)}, 'yes')`],
  };
  const engine = { version: '28' } as Engine;
  let asked = 0;
  const connect = () => (++asked < 3 ? Promise.reject(absent) : Promise.resolve(engine));
  expect(await startDesktop(undefined, call, connect)).toBe(engine);
  const started = () => {
    expect(readFileSync(file, 'utf8')).toBe('yes');
  };
  await eventually(started, { within: Duration.seconds(60) });
});

test('one that never answers, or cannot be started, ends with what is wrong with the engine', async () => {
  const said: string[] = [];
  const call = { program: join(tmpdir(), 'no such program'), args: [] };
  const nobody = { host: `unix://${join(tmpdir(), 'no such socket')}`, origin: 'the default' };
  await expect(
    startDesktop(
      (line) => said.push(line),
      call,
      () => connectEngine(nobody),
      1_500,
    ),
  ).rejects.toThrow('no Docker engine runs at');
  expect(said).toContainEqual(expect.stringContaining('did not start'));
});

test('without a terminal, or where DOCKER_HOST names another engine, no window is opened', () => {
  const installed = () => ({});
  expect(engineRemedy(absent, true, 'win32', installed)).toBe('desktop');
  expect(engineRemedy(absent, true, 'win32', () => undefined)).toBeUndefined();
  expect(engineRemedy(absent, false, 'win32', installed)).toBeUndefined();
  const elsewhere = noAnswer(
    Object.assign(new Error(), { code: 'ENOENT' }),
    { host: 'unix:///var/run/docker.sock', origin: 'DOCKER_HOST' },
    'linux',
  );
  expect(engineRemedy(elsewhere, true, 'win32', installed)).toBeUndefined();
});
