import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { readFileSync } from 'node:fs';
import { within } from '../../../../cli/status/deadline.js';

test('work that answers in time is not touched', async () => {
  await expect(within(1000, Promise.resolve('answer'))).resolves.toBe('answer');
  await expect(within(1000, Promise.reject(new Error('its own')))).rejects.toThrow('its own');
});

test('work that never answers is given up, also when nothing else keeps the process alive', () => {
  const { code } = transformSync(readFileSync('cli/status/deadline.ts', 'utf8'), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  const program = `${code}\nawait within(50, new Promise(() => undefined)).catch((error) => console.log(error.message));`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect({ stdout: stdout.trim(), status }).toEqual({ stdout: 'no answer within 0.05 s', status: 0 });
});
