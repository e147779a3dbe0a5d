import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Output } from '../../../../cli/logs/output.js';
import { resultPaint, resultStream, writeResult } from '../../../../cli/terminal/result.js';
import { PLAIN } from '../../../../cli/terminal/table.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder('result');
});

const UNWRITABLE = 'allowed is a file in a folder that can be written to';

describe('a result that is kept in a file', () => {
  test('is UTF-8 with line feeds, without colours, in a folder that is made', () => {
    const output = join(folder, 'new', 'report.txt');
    writeResult('größer\n状态\n', { output });
    expect(readFileSync(output)).toEqual(Buffer.from('größer\n状态\n'));
    expect(resultPaint({ output })).toBe(PLAIN);
  });

  (process.platform === 'win32' ? test.skip : test)(
    'with secrets is for its owner alone, even where it was not',
    () => {
      const output = join(folder, 'outputs.json');
      writeFileSync(output, 'old', { mode: 0o644 });
      writeResult('secret', { output }, 0o600);
      expect(statSync(output).mode & 0o777).toBe(0o600);
    },
  );

  test('is never a file in place of a device', () => {
    const output = process.platform === 'win32' ? 'NUL' : '/dev/null';
    writeResult('secret', { output }, 0o600);
    if (process.platform !== 'win32') expect(statSync(output).isCharacterDevice()).toBe(true);
  });

  test('comes bit by bit', async () => {
    const output = join(folder, 'of logs', 'lines.txt');
    const lines = new Output(await resultStream({ output }));
    await lines.write(['one']);
    await lines.write(['two', 'three']);
    expect(readFileSync(output, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  test('or cannot be written, which is said in one sentence', async () => {
    expect(() => {
      writeResult('x', { output: folder });
    }).toThrow(UNWRITABLE);
    await expect(resultStream({ output: folder })).rejects.toThrow(UNWRITABLE);
  });
});
