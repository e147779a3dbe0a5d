/**
 * Runs a program that must be interrupted exactly once, and that must not outlive the command for which it runs:
 *
 *     node keeper.mjs RECORD PROGRAM [ARGUMENTS]
 *
 * Command and keeper talk over the keeper's stdin. `interrupt` sends the program one SIGINT; `kill`, or patience that is over, ends it
 * with all that it started. That stdin closes says that the command is gone, however it ended: that is an interrupt too. Program and keeper
 * each have a session of their own, so that a Ctrl-C in the terminal, and its end, reach neither. For Linux and macOS: on Windows a
 * console program can only be interrupted by its console, and the system itself ends children with their parent.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import { identityOf } from '../bootstrap/process-identity.mjs';

/** A little more than the command itself has, see interruption.mjs. */
const PATIENCE_MS = 9_000;

const [record = '', program = '', ...args] = process.argv.slice(2);

// Output goes straight to the command's files: a pipe would break with the command, and the program in the midst of its work.
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
if (child.pid !== undefined) writeJson(record, identityOf(child.pid));

let interrupted = false;

function interrupt() {
  if (interrupted) return;
  interrupted = true;
  child.kill('SIGINT');
  setTimeout(killAll, PATIENCE_MS).unref();
}

/** With what it started: a provider lives on where its Terraform was killed. */
function killAll() {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All gone already.
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'interrupt') interrupt();
    if (line === 'kill') killAll();
  })
  .on('close', interrupt);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, interrupt);

child.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 127;
});
child.on('exit', (code, signal) => {
  killAll();
  rmSync(record, { force: true });
  process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
});
