import type { Context } from '../context.js';
import { readOutputs, renderOutputs } from '../outputs.js';
import { paintFor } from '../status/table.js';

export interface OutputsOptions {
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
  /** Passwords instead of the names of their files. @default false */
  readonly showSecrets?: boolean | undefined;
}

/**
 * `npm run outputs`: where and how to connect.
 * @returns the exit code
 * @throws PlatformError if nothing is deployed
 */
export function outputsCommand(
  context: Context,
  { json = false, showSecrets = false }: OutputsOptions,
): Promise<number> {
  const outputs = readOutputs(context, { showSecrets });
  process.stdout.write(
    json ? `${JSON.stringify(outputs, null, 2)}\n` : renderOutputs(outputs, { paint: paintFor(process.stdout) }),
  );
  return Promise.resolve(0);
}
