import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, it as jestIt } from '@jest/globals';
import { createContext } from './context.js';
import { PRIVATE_ENGINE } from '../../cli/engine/private-engine/index.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { diagnose } from './diagnose.js';
import { command } from './faults.js';
import { HEALTHY_WITHIN, Platform } from './platform.js';

/** For the diagnosis of a failure, and for jest's own time limit to be the later one. */
const DIAGNOSIS_MS = 15_000;
/** Images are there. */
const START_MS = 240_000;
/** A restoration may be a whole start. */
const RESTORE_MS = 120_000;
const SETUP_MS = HEALTHY_WITHIN.toMilliseconds() + DIAGNOSIS_MS;

let opened: Platform | undefined;

export interface UseOptions {
  /** Takes back what the tests of the file changed, before the platform must be well again. @default nothing */
  readonly restore?: (platform: Platform) => Promise<unknown>;
}

/**
 * The platform that the tests of a file share: well before the first one, and left well after the last.
 * @returns how to get it, once tests run
 */
export function usePlatform({ restore }: UseOptions = {}): () => Platform {
  beforeAll(
    async () => {
      await startedWhereUnwell();
      opened = await Platform.open();
      await explained(() => opened?.healthy());
    },
    SETUP_MS + START_MS + SETUP_MS,
  );
  afterAll(async () => {
    try {
      if (opened) await restore?.(opened);
      await explained(() => opened?.healthy());
    } finally {
      await opened?.close();
      opened = undefined;
    }
  }, RESTORE_MS + SETUP_MS);
  return () => {
    if (!opened) throw new Error('the platform is there once tests run, not while they are declared');
    return opened;
  };
}

/** Whoever left it unwell has failed for that already: not all files that come later have to. */
async function startedWhereUnwell(): Promise<void> {
  let left: Platform | undefined;
  try {
    left = await Platform.open();
    await left.healthy();
  } catch (error) {
    note(
      `started again, as the tests before left it unwell: ${error instanceof Error ? error.message : String(error)}`,
    );
    const context = left?.context ?? createContext({ env: processEnv['PLATFORM_ENV'] ?? 'test' });
    const { exitCode, all } = await command({ context }, 'start');
    if (exitCode !== 0) note(all);
  } finally {
    await left?.close();
  }
}

/** jest's `it`, which on failure also prints what the Sentinels think and what the containers said last. */
export function it(name: string, check: () => Promise<void> | void, within: Duration = Duration.seconds(30)): void {
  jestIt(
    name,
    () =>
      explained(async () => {
        const cancel = new AbortController();
        const late = pause(within.toMilliseconds(), undefined, { signal: cancel.signal }).then(() => {
          throw new Error(`not over within ${String(within)}`);
        });
        late.catch(() => undefined);
        try {
          await Promise.race([check(), late]);
        } finally {
          cancel.abort();
        }
      }),
    within.toMilliseconds() + DIAGNOSIS_MS,
  );
}

/** @param why what is tested cannot be here, which stands in the name of the test then and thereby in the summary */
export function itUnless(why: string | undefined): typeof it {
  if (why === undefined) return it;
  return (name) => {
    jestIt.skip(`${name} (skipped: ${why})`, () => undefined);
  };
}

/** Why images cannot be built here, nor packages be installed. */
export const NO_MIRRORS =
  processEnv[PRIVATE_ENGINE] === undefined ? undefined : "this engine's network leads nowhere, and this needs mirrors";

/** A line in the run's report, e.g. a measured time. */
export function note(text: string): void {
  process.stderr.write(`      ${text}\n`);
}

async function explained(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (opened) note(await diagnose(opened).catch(String));
    throw error;
  }
}
