import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { processEnv } from '../../../../environments/process-env.js';

interface Pty {
  write(text: string): void;
  onData(listener: (text: string) => void): void;
  onExit(listener: (end: { exitCode: number }) => void): void;
}
interface PtyModule {
  readonly spawn: (file: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => Pty;
}
const require = createRequire(resolve('package.json'));
// As cdktf-cli finds it: what is tested is what is installed.
const { spawn } = require('@cdktf/node-pty-prebuilt-multiarch') as PtyModule;

async function run(script: string, act: (pty: Pty, said: string) => void = () => undefined, file = process.execPath) {
  const pty = spawn(file, ['--eval', script], { cwd: process.cwd(), env: { ...processEnv, MARK: 'from outside' } });
  let said = '';
  pty.onData((text) => {
    said += text;
    act(pty, said);
  });
  const exitCode = await new Promise<number>((done) => {
    pty.onExit((end) => {
      done(end.exitCode);
    });
  });
  return { exitCode, said };
}

test('both streams, the environment and the exit code come through, with line ends as on a terminal', async () => {
  const { exitCode, said } = await run('console.log(process.env.MARK); console.error("ü"); process.exitCode = 3');
  expect(exitCode).toBe(3);
  expect(said.split('\r\n').sort()).toEqual(['', 'from outside', 'ü']);
});

test('a question is answered', async () => {
  const script =
    'process.stdout.write("name? "); process.stdin.once("data", (text) => { console.log("hello " + text); process.exit() })';
  let asked = false;
  const { said } = await run(script, (pty, text) => {
    if (!asked && text.includes('name?')) {
      asked = true;
      pty.write('Ada\n');
    }
  });
  expect(said).toContain('hello Ada');
});

test('what a terminal sends for Ctrl-C interrupts', async () => {
  const script = 'process.once("SIGINT", () => process.exit(42)); setInterval(() => {}, 1000); console.log("ready")';
  const { exitCode } = await run(script, (pty) => {
    pty.write('\x03');
  });
  // Windows knows no such signal: the program is ended.
  expect(exitCode).toBe(process.platform === 'win32' ? 1 : 42);
});

test('a program that is not there ends with its reason', async () => {
  const { exitCode, said } = await run('', undefined, 'no-such-program-here');
  expect(exitCode).toBe(127);
  expect(said).toContain('no-such-program-here');
});

// On Windows it must share the console: nothing else can interrupt it.
const testGroups = process.platform === 'win32' ? test.skip : test;
testGroups("the terminal's Ctrl-C reaches it only through cdktf: it leads a process group of its own", async () => {
  const group = '+require("node:child_process").execFileSync("ps", ["-o", "pgid=", "-p", String(process.pid)])';
  const { said } = await run(`console.log(process.pid === ${group})`);
  expect(said).toBe('true\r\n');
});
