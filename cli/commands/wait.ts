import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { Duration } from '../../constructs/core/units.js';
import type { AWAITED } from '../terminal/choices.js';
import type { Context } from '../context.js';
import { lookAt } from '../status/look.js';
import { describeProgress } from '../status/ready.js';
import type { Status } from '../status/status.js';

export interface WaitOptions {
  /** `clients`: what clients need; `all`: the supporting services too. @default 'all' */
  readonly for?: (typeof AWAITED)[number];
  /** E.g. `60s`, `2min`. @default 60s */
  readonly timeout?: string;
}

const EVERY_MS = 500;

/**
 * `npm run wait`: returns when the deployment is ready, for scripts that were not the ones to start it.
 * @param look how the deployment is
 * @param say gets a line whenever there is news
 * @returns 0 when it is ready, 1 if it is not within the time
 * @throws PlatformError for a time-out that is none
 */
export async function waitCommand(
  context: Context,
  { for: awaited = 'all', timeout = '60s' }: WaitOptions,
  look: () => Promise<Status> = () => lookAt(context),
  say: (line: string) => void = console.error,
): Promise<number> {
  const within = Duration.parse(timeout);
  if (within === undefined) {
    throw new PlatformError({
      what: '--timeout is not a duration',
      got: timeout,
      allowed: "e.g. '90s' or '5min'",
      fix: 'Write a number and its unit.',
    });
  }
  const deadline = Date.now() + within.toMilliseconds();
  let said = '';
  for (;;) {
    const status = await look();
    if (awaited === 'clients' ? status.serving : status.ok) {
      say(`${context.name} is ready.`);
      return 0;
    }
    const line = status.containers.length === 0 ? (status.problems[0] ?? '') : progress(status, awaited);
    if (line !== said) say(line);
    said = line;
    if (Date.now() + EVERY_MS > deadline) {
      say(`${context.name} is not ready after ${within.toString()}. Run \`npm run status\` to see why.`);
      return 1;
    }
    await pause(EVERY_MS);
  }
}

function progress(status: Status, awaited: (typeof AWAITED)[number]): string {
  return describeProgress(status, awaited === 'clients' ? 'clients' : 'everything');
}
