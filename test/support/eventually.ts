import { setTimeout as pause } from 'node:timers/promises';
import type { Duration } from '../../constructs/core/units.js';

const EVERY_MS = 100;

/**
 * Repeats an assertion until it holds.
 * @returns what the assertion returned when it held
 * @throws the assertion's last own error when time is up, or that it hung if it never came to an end
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { within, every = EVERY_MS }: { readonly within: Duration; readonly every?: number },
): Promise<T> {
  const deadline = Date.now() + within.toMilliseconds();
  let last: unknown = new Error(`it did not come to an end within ${String(within)}`);
  do {
    try {
      return await before(deadline, assertion);
    } catch (error) {
      if (!(error instanceof OutOfTime)) last = error;
    }
    await pause(every);
  } while (Date.now() < deadline);
  throw last;
}

class OutOfTime extends Error {}

/** An assertion that hangs must not outlive the deadline. */
async function before<T>(deadline: number, assertion: () => T | Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const late = pause(Math.max(0, deadline - Date.now()), undefined, { signal: cancel.signal }).then(() => {
    throw new OutOfTime();
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([Promise.resolve().then(assertion), late]);
  } finally {
    cancel.abort();
  }
}
