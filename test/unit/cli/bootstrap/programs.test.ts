import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  compareVersions,
  findProgram,
  isUserError,
  runProgram,
  userError,
} from '../../../../cli/bootstrap/programs.mjs';
import { processEnv } from '../../../../environments/process-env.js';
import { PlatformError } from '../../../../constructs/core/platform-error.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

// The one place that may write it is a test.
const environment = processEnv as Record<string, string | undefined>;

test.each([
  ['1.11.4', '1.6.0', 1],
  ['1.6', '1.6.0', 0],
  ['20.10.24+dfsg1', '28', -1],
  ['28.0.0-rc.1', '28', 0],
  ['go1.26.8', '1.21', 1],
  ['v9.9', '10', -1],
  ['', '1', -1],
])('version %j against %j', (a, b, expected) => {
  expect(Math.sign(compareVersions(a, b))).toBe(expected);
  expect(Math.sign(compareVersions(b, a))).toBe(expected === 0 ? 0 : -expected);
});

test('a program is found on the PATH or in a folder besides, and only if it can be run', () => {
  const folder = temporaryFolder('programs');
  const path = join(folder, process.platform === 'win32' ? 'a-tool.exe' : 'a-tool');
  writeFileSync(path, '');
  if (process.platform !== 'win32') {
    chmodSync(path, 0o644);
    expect(findProgram('a-tool', [folder])).toBeUndefined();
    chmodSync(path, 0o755);
  }
  expect(findProgram('a-tool')).toBeUndefined();
  expect(findProgram('a-tool', [folder])?.toLowerCase()).toBe(path.toLowerCase());
});

test('entries of PATH that cannot be looked into, are quoted or empty do not end the search', () => {
  const folder = temporaryFolder('programs');
  const before = environment['PATH'];
  try {
    const name = process.platform === 'win32' ? 'a-tool.exe' : 'a-tool';
    writeFileSync(join(folder, name), '', { mode: 0o755 });
    // A name that is too long is refused whoever asks, as a folder is that belongs to somebody else.
    const unreadable = join(folder, 'x'.repeat(300));
    environment['PATH'] = [unreadable, join(folder, 'a\0b'), '', `"${folder}"`].join(delimiter);
    expect(findProgram('a-tool')?.toLowerCase()).toBe(join(folder, name).toLowerCase());
    expect(findProgram(join(folder, name))).toBe(join(folder, name));
    environment['PATH'] = '';
    expect(findProgram('package.json')).toBeUndefined();
    expect(findProgram('a-tool')).toBeUndefined();
  } finally {
    environment['PATH'] = before;
  }
});

const awkward = ['a b', 'a"b', 'a\\', 'a\\"b', '%PATH%', '!x!', 'a&b|c', '^', 'ä', '(x)', '*', ''];

(process.platform === 'win32' ? test : test.skip)(
  'a batch file hands on every argument as it is (Windows)',
  async () => {
    const folder = temporaryFolder('a (b) & c');
    const shim = join(folder, 'shim.cmd');
    writeFileSync(shim, `@"${process.execPath}" -p "JSON.stringify(process.argv.slice(1))" -- %*\r\n`);
    expect(findProgram(join(folder, 'shim'))).toBe(shim);
    expect(JSON.parse(await runProgram(shim, awkward))).toEqual(awkward);
  },
);

test('a program that fails is reported with the end of what it printed', async () => {
  const lines: string[] = [];
  const script = 'for (let i = 1; i <= 50; i++) console.error("line " + i); process.exit(3)';
  const run = runProgram(process.execPath, ['-e', script], { onLine: (line) => lines.push(line) });
  await expect(run).rejects.toThrow(/ended with 3:\nline 21\n[^]*line 50$/);
  expect(lines).toHaveLength(50);
});

test('lines arrive whole although the program writes them in pieces', async () => {
  const lines: string[] = [];
  const script = 'process.stdout.write("one "); setTimeout(() => process.stdout.write("line\\nlast"), 100)';
  await runProgram(process.execPath, ['-e', script], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one line', 'last']);
});

test('an error for users is known as one wherever it was made', () => {
  expect(isUserError(userError('x is wrong', 'Fix x.'))).toBe(true);
  expect(isUserError(new PlatformError({ what: 'x is wrong', fix: 'Fix x.' }))).toBe(true);
  expect(isUserError(new Error('x'))).toBe(false);
  expect(userError('x is wrong', 'Fix x.').message).toBe(
    new PlatformError({ what: 'x is wrong', fix: 'Fix x.' }).message,
  );
});
