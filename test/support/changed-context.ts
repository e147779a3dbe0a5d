import type { Context } from '../../cli/context.js';
import { environments } from '../../environments/index.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import type { Platform } from './platform.js';

/** The deployment as it would be with another declaration. */
export function changedContext(
  { context }: Pick<Platform, 'context'>,
  change: (declared: EnvironmentInput) => EnvironmentInput,
): Context {
  const declared = environments[context.environment.name] as EnvironmentInput;
  return { ...context, environment: parseEnvironment(change(declared)) };
}
