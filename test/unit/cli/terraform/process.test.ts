import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { identityOf, isRunning } from '../../../../cli/bootstrap/process-identity.mjs';
import { endOrphan, runTerraform } from '../../../../cli/terraform/process.js';
import { writeJson } from '../../../../constructs/core/whole-file.mjs';
import { processEnv } from '../../../../environments/process-env.js';
import { Duration } from '../../../../constructs/core/units.js';
import { eventually } from '../../../support/eventually.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const WINDOWS = process.platform === 'win32';
let folder: string;
let record: string;

beforeEach(() => {
  folder = temporaryFolder('terraform');
  record = join(folder, 'terraform.pid');
});

/** A program that stands for Terraform. */
function program(text: string): string {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, text);
  return file;
}

test('what it prints is read line by line, and how it ends is told; afterwards nobody runs', async () => {
  const script = program("console.log('one'); console.error('wrong'); console.log('two'); process.exitCode = 2;");
  const lines: string[] = [];
  const run = { args: [script], cwd: folder, env: processEnv, folder, onLine: (line: string) => lines.push(line) };
  const { exitCode, stdout, output } = await runTerraform(process.execPath, run);
  expect([exitCode, lines]).toEqual([2, ['one', 'two']]);
  expect([stdout.split(/\r?\n/), output.split(/\r?\n/)]).toEqual([
    ['one', 'two', ''],
    ['one', 'two', 'wrong', ''],
  ]);
  expect(existsSync(record)).toBe(false);
});

test('one whose command is gone, and that hangs, is ended with all that it started', async () => {
  const script = program(`
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    const provider = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    writeFileSync(${JSON.stringify(join(folder, 'provider'))}, String(provider.pid));
    setInterval(() => {}, 1000);`);
  // As the keeper, or Windows, runs it.
  const child = spawn(process.execPath, [script], { detached: !WINDOWS, stdio: 'ignore' });
  const ended = once(child, 'exit');
  if (child.pid !== undefined) writeJson(record, identityOf(child.pid));
  const provider = await eventually(
    () => {
      const pid = Number(readFileSync(join(folder, 'provider'), 'utf8'));
      expect(isRunning(pid)).toBe(true);
      return pid;
    },
    { within: Duration.seconds(60) },
  );
  const said: string[] = [];
  await endOrphan(folder, (text) => said.push(text));
  await ended;
  expect(said).toEqual([expect.stringContaining(`process ${child.pid}`)]);
  await eventually(
    () => {
      expect(isRunning(provider)).toBe(false);
    },
    { within: Duration.seconds(60) },
  );
  expect(existsSync(record)).toBe(false);
});

// Elsewhere it takes a system tool to tell, which may be missing.
const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a process that has the id of one which ended is left alone', async () => {
  writeJson(record, { pid: process.pid, started: '1' });
  const said: string[] = [];
  await endOrphan(folder, (text) => said.push(text));
  expect([said, existsSync(record)]).toEqual([[], false]);
});
