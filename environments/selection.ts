import { checkInstanceName, loadEnvironment } from './index.js';
import { processEnv } from './process-env.js';
import type { Environment } from './schema.js';

/** What a command works on. */
export interface Selection {
  readonly environment: Environment;
  readonly instance: string | undefined;
}

/**
 * The environment and instance that options name, else PLATFORM_ENV and PLATFORM_INSTANCE, else `dev`.
 * @throws PlatformError for unknown names and broken environments
 */
export function select(options: { env?: string | undefined; instance?: string | undefined } = {}): Selection {
  // CI systems set variables to nothing rather than not at all, hence `||`.
  const instance = options.instance ?? (processEnv['PLATFORM_INSTANCE'] || undefined);
  checkInstanceName(instance);
  return { environment: loadEnvironment(options.env ?? (processEnv['PLATFORM_ENV'] || 'dev')), instance };
}
