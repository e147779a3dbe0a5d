import { runTogether } from '../terminal/steps.js';
import { connectEngine, type Engine } from './engine.js';
import { EngineError } from './error.js';
import { askFor, deedOf, type EngineRemedy, engineRemedy, ensureEngine } from './install.js';

export interface FindEngineOptions {
  /** Whether an engine may be installed or started. @default true */
  readonly allowInstall?: boolean;
  /** Asks on the terminal before that. Leave it out where there is none. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/** The engine that runs; where none does, one is started, or installed, after a question. */
export async function findOrStartEngine(options: FindEngineOptions): Promise<Engine> {
  const found = await approve(await findEngine(), options);
  if (typeof found !== 'string') return found;
  await runTogether([{ title: engineTitle(found), run: (say) => ensureEngine(found, say) }]);
  return connectEngine();
}

export function engineTitle(remedy: EngineRemedy): string {
  return `Docker engine: none runs here; ${deedOf(remedy)}`;
}

/** The engine that runs, or why none does. */
export async function findEngine(): Promise<Engine | EngineError> {
  try {
    return await connectEngine();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

/**
 * Asks before anything is drawn: a question amid a moving task list could not be read.
 * @returns the engine, or how one is got
 * @throws EngineError if none runs and none may be started
 */
export async function approve(
  found: Engine | EngineError,
  { allowInstall = true, confirm }: FindEngineOptions,
): Promise<Engine | EngineRemedy> {
  if (!(found instanceof EngineError)) return found;
  const remedy = allowInstall ? engineRemedy(found, confirm !== undefined) : undefined;
  if (remedy === undefined || (confirm !== undefined && !(await confirm(askFor(remedy))))) throw found;
  return remedy;
}
