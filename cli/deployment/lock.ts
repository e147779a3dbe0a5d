import { join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { processEnv } from '../../environments/process-env.js';
import type { Context } from '../context.js';
import { unlessInterrupted } from '../bootstrap/interruption.mjs';
import { type Holder, withLock } from '../bootstrap/lock.mjs';
import { restoreState } from '../terraform/state-copy.js';
import { endOrphan } from '../terraform/process.js';

/** Names the claim of a command that lets those that it starts work in its stead: deployed tests start and plan too. */
export const HELD_BY_ANCESTOR = 'REDIS_PLATFORM_LOCK';

export interface LockingOptions {
  /** Whether to wait for another command that works on the deployment. @default true */
  readonly wait?: boolean;
}

/**
 * One command at a time changes a deployment or writes its program. Those that only read (status, outputs, logs) need no lock: they
 * find every file whole. What a command that was killed left half-done is put in order first.
 * @param command as the user typed it
 * @param work is given the name of its claim
 * @throws PlatformError if another one is at work and `wait` is false
 */
export function withDeployment<T>(
  context: Context,
  command: string,
  { wait = true }: LockingOptions,
  work: (claim: string) => Promise<T>,
): Promise<T> {
  // Beside the deployment's folder, which `destroy --delete-data` removes while it holds the lock.
  const path = join(context.project.folder, '.platform', `${context.name}.lock`);
  let waitsSince: number | undefined;
  const onWait = (holder: Holder) => {
    if (!wait) throw busy(context, holder);
    waitsSince = Date.now();
    console.error(`Waiting for ${describeHolder(holder)}, which works on ${context.name}. --no-wait would not wait.`);
  };
  const prepared = async (claim: string) => {
    if (waitsSince !== undefined) console.error(`Waited ${Math.round((Date.now() - waitsSince) / 1000)} s.`);
    await endOrphan(context.paths.folder, console.error);
    if (restoreState(context.paths.state)) {
      console.error(
        `Terraform's state of ${context.name} was cut off while it was written; it is again what the last run began with, and ` +
          'what that run made or removed is found on the engine.',
      );
    }
    return work(claim);
  };
  return unlessInterrupted(withLock(path, prepared, { command, onWait, within: processEnv[HELD_BY_ANCESTOR] }));
}

function busy(context: Context, holder: Holder): PlatformError {
  return new PlatformError({
    what: `another command works on ${context.name}`,
    got: describeHolder(holder),
    fix: 'Run this one again when that has ended.',
  });
}

function describeHolder({ command, pid, host, since }: Holder): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  return `\`${command}\` (process ${pid} on ${host}, for ${seconds} s now)`;
}
