import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import { careFor, throwIfInterrupted, unlessInterrupted } from '../bootstrap/interruption.mjs';
import { commandFor } from '../bootstrap/programs.mjs';
import { identityOf, isAlive, type ProcessIdentity } from '../bootstrap/process-identity.mjs';

export interface TerraformRun {
  readonly args: readonly string[];
  /** Where it runs. */
  readonly cwd: string;
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The deployment's, for its output and for who runs it. One process at a time. */
  readonly folder: string;
  /** Sees each line while it runs. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface TerraformEnd {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams, errors last. */
  readonly output: string;
}

const WINDOWS = process.platform === 'win32';
const LOOK_MS = 100;
/** Longer than a keeper's patience. */
const ORPHAN_MS = 12_000;
const KILLED_MS = 2_000;

/**
 * Runs Terraform so that it is interrupted once, whatever a terminal sends to whom, and does not outlive this command.
 * @throws Interrupted if the command was interrupted meanwhile; Terraform has ended then
 */
export async function runTerraform(binary: string, run: TerraformRun): Promise<TerraformEnd> {
  throwIfInterrupted();
  const record = recordOf(run.folder);
  mkdirSync(run.folder, { recursive: true });
  const [outFile, errFile] = [join(run.folder, 'terraform.out'), join(run.folder, 'terraform.err')];
  const [out, err] = [openSync(outFile, 'w', 0o600), openSync(errFile, 'w', 0o600)];
  // On Windows Terraform shares the console, and so gets its Ctrl-C; hidden or detached it would never hear of it.
  const command = WINDOWS
    ? commandFor(binary, run.args)
    : { file: process.execPath, args: [resolve('cli', 'terraform', 'keeper.mjs'), record, binary, ...run.args] };
  const child = spawn(command.file, command.args, {
    windowsVerbatimArguments: 'windowsVerbatimArguments' in command,
    cwd: run.cwd,
    env: { ...run.env },
    stdio: [WINDOWS ? 'ignore' : 'pipe', out, err],
    detached: !WINDOWS,
    windowsHide: false,
  });
  closeSync(out);
  closeSync(err);
  // Of a keeper that is gone.
  child.stdin?.on('error', () => undefined);
  if (WINDOWS && child.pid !== undefined) writeJson(record, identityOf(child.pid));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  careFor({
    what: 'Terraform',
    interrupt: () => child.stdin?.write('interrupt\n'),
    kill: () => {
      if (WINDOWS) killTree(child.pid);
      else child.stdin?.write('kill\n');
    },
    ended: ended.catch(() => undefined),
  });
  const lines = run.onLine && new Tail(outFile, run.onLine);
  const timer = setInterval(() => lines?.read(), LOOK_MS);
  try {
    const [code] = await ended;
    // Without its keeper it may still run.
    await endOrphan(run.folder);
    throwIfInterrupted();
    lines?.read();
    const stdout = readFileSync(outFile, 'utf8');
    return { exitCode: code ?? -1, stdout, output: stdout + readFileSync(errFile, 'utf8') };
  } finally {
    clearInterval(timer);
    lines?.close();
  }
}

/**
 * Waits for a Terraform whose command is gone, and ends it if it takes too long: two at once would fight for the state.
 * @param say told of the waiting
 */
export async function endOrphan(folder: string, say?: (text: string) => void): Promise<void> {
  const record = recordOf(folder);
  const identity = readRecord(record);
  if (identity === undefined) return;
  if (isAlive(identity)) {
    say?.(`Terraform of a command that was killed still runs (process ${identity.pid}); waiting for its end.`);
    if (!(await ends(identity, ORPHAN_MS))) killTree(identity.pid);
    await ends(identity, KILLED_MS);
  }
  rmSync(record, { force: true });
}

async function ends(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (const start = Date.now(); isAlive(identity);) {
    if (Date.now() - start > withinMs) return false;
    await unlessInterrupted(sleep(LOOK_MS));
  }
  return true;
}

/** It and the providers that it started. */
function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  if (WINDOWS) {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).unref();
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Ended just now.
  }
}

function recordOf(folder: string): string {
  return join(folder, 'terraform.pid');
}

function readRecord(file: string): ProcessIdentity | undefined {
  if (!existsSync(file)) return undefined;
  const { pid, started } = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  return { pid, started };
}

/** The lines of a file that is being written. */
class Tail {
  private readonly file: number;
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(
    path: string,
    private readonly onLine: (line: string) => void,
  ) {
    this.file = openSync(path, 'r');
  }

  read(): void {
    const buffer = Buffer.alloc(65_536);
    for (let count; (count = readSync(this.file, buffer)) > 0;) {
      const lines = (this.rest + this.decoder.write(buffer.subarray(0, count))).split(/\r?\n/);
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.onLine(line);
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
