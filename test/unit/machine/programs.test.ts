import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { compareVersions, findProgram, isUserError, runProgram, userError } from '../../../cli/machine/programs.mjs';
import { PlatformError } from '../../../constructs/core/platform-error.js';

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
  const folder = mkdtempSync(join(tmpdir(), 'programs-'));
  try {
    const path = join(folder, process.platform === 'win32' ? 'a-tool.exe' : 'a-tool');
    writeFileSync(path, '');
    if (process.platform !== 'win32') {
      chmodSync(path, 0o644);
      expect(findProgram('a-tool', [folder])).toBeUndefined();
      chmodSync(path, 0o755);
    }
    expect(findProgram('a-tool')).toBeUndefined();
    expect(findProgram('a-tool', [folder])?.toLowerCase()).toBe(path.toLowerCase());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

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
  expect(isUserError(userError('x is wrong', 'Mend x.'))).toBe(true);
  expect(isUserError(new PlatformError({ what: 'x is wrong', fix: 'Mend x.' }))).toBe(true);
  expect(isUserError(new Error('x'))).toBe(false);
  expect(userError('x is wrong', 'Mend x.').message).toBe(
    new PlatformError({ what: 'x is wrong', fix: 'Mend x.' }).message,
  );
});
