import { afterAll, expect } from '@jest/globals';
import type { Context } from '../../cli/context.js';
import { createContext } from './context.js';
import { processEnv } from '../../environments/process-env.js';
import { command, type Ended } from './faults.js';
import { Platform } from './platform.js';

const REMOVAL_MS = 300_000;

/**
 * A copy of `ci` of a test's own, for what would disturb others; removed after the last test of the file.
 * @param name with that of the instance which other tests share, so that two runs of the tests do not meet
 */
export function useSmallDeployment(name: string): Context {
  const instance = `${name}${processEnv['PLATFORM_INSTANCE'] ?? ''}`.slice(0, 16);
  const context = createContext({ env: 'ci', instance });
  afterAll(async () => {
    await command({ context }, 'destroy', '--delete-data', '--yes');
  }, REMOVAL_MS);
  return context;
}

/** Lets something be done with what runs of it. */
export async function withPlatform<T>(
  { environment, instance = '' }: Context,
  work: (platform: Platform) => Promise<T>,
): Promise<T> {
  const platform = await Platform.open({ env: environment.name, instance });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
}

/** Runs one of the project's commands, which must end well. */
export async function succeed(context: Context, name: string, ...args: string[]): Promise<Ended> {
  const ended = await command({ context }, name, ...args);
  expect([ended.exitCode, ended.all]).toEqual([0, ended.all]);
  return ended;
}
