import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Engine } from './engine.js';

/** What is said of an engine that died depends on the moment, so the engine itself is asked. */
export async function unlessEngineDied<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    try {
      await engine.docker.ping();
    } catch {
      throw new PlatformError(
        {
          what: 'the Docker engine stopped answering half-way',
          fix: 'Start it and run the command again: what was done is kept, the rest is repaired.',
        },
        { cause },
      );
    }
    throw cause;
  }
}
