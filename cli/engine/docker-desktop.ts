import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processEnv } from '../../environments/process-env.js';
import { type Engine, connectEngine } from './engine.js';
import { EngineError } from './error.js';

/** Its virtual machine boots, and after an update is made anew. */
const PATIENCE_MS = 180_000;
const LOOK_MS = 1_000;

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
}

/** What starts Docker Desktop, for all users or for this one; undefined where it is not installed. */
export function desktopCommand(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = processEnv,
  exists: (path: string) => boolean = existsSync,
): ProgramCall | undefined {
  if (platform === 'win32') {
    const places = [
      [env['ProgramFiles'], 'Docker', 'Docker'],
      [env['LOCALAPPDATA'], 'Programs', 'DockerDesktop'],
    ].flatMap(([folder, ...rest]) => (folder ? [win32.join(folder, ...(rest as string[]), 'Docker Desktop.exe')] : []));
    const program = places.find(exists);
    return program === undefined ? undefined : { program, args: [] };
  }
  if (platform !== 'darwin') return undefined;
  const places = ['/Applications', ...(env['HOME'] ? [posix.join(env['HOME'], 'Applications')] : [])];
  const app = places.map((folder) => posix.join(folder, 'Docker.app')).find(exists);
  return app === undefined ? undefined : { program: '/usr/bin/open', args: ['--background', app] };
}

/**
 * Starts it and waits until its engine answers.
 * @param onProgress told of the waiting
 * @param connect asks for the engine
 * @throws EngineError if it does not answer within 3 minutes, or another reason than that it is not there yet
 */
export async function startDesktop(
  onProgress?: (line: string) => void,
  call: ProgramCall | undefined = desktopCommand(),
  connect: () => Promise<Engine> = connectEngine,
  patienceMs = PATIENCE_MS,
): Promise<Engine> {
  // Somebody may have started it while we asked.
  if (call === undefined) return connect();
  // It outlives this command, and opens windows of its own.
  const child = spawn(call.program, call.args, { detached: true, stdio: 'ignore' });
  child.on('error', (error) => onProgress?.(`Docker Desktop did not start: ${error.message}`));
  child.unref();
  onProgress?.('waiting for its engine, about a minute');
  for (const deadline = Date.now() + patienceMs; ;) {
    try {
      return await connect();
    } catch (error) {
      // While it boots it is not there, then accepts connections and says nothing.
      if (!(error instanceof EngineError) || Date.now() > deadline) throw error;
    }
    await sleep(LOOK_MS);
  }
}
