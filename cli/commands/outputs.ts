import { PlatformError } from '../../constructs/core/platform-error.js';
import { findClient, renderClient } from '../clients/index.js';
import type { Context } from '../context.js';
import { type Outputs, readOutputs, renderOutputs } from '../outputs.js';
import { type ResultOptions, resultPaint, writeResult } from '../terminal/result.js';

export interface OutputsOptions extends ResultOptions {
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
  /** A library's name: code that connects it, and nothing else. @default all that there is, as a table */
  readonly client?: string | undefined;
  /** Passwords instead of the names of their files. @default false */
  readonly showSecrets?: boolean | undefined;
}

/**
 * `npm run outputs`: where and how to connect.
 * @returns the exit code
 * @throws PlatformError if nothing is deployed, no client is called so, or two forms are asked for at once
 */
export function outputsCommand(context: Context, options: OutputsOptions): Promise<number> {
  const { showSecrets = false } = options;
  const form = formOf(options);
  writeResult(form(readOutputs(context, { showSecrets })), options, showSecrets ? 0o600 : undefined);
  return Promise.resolve(0);
}

function formOf(options: OutputsOptions): (outputs: Outputs) => string {
  const { json = false, client } = options;
  if (client !== undefined) {
    if (json) {
      throw new PlatformError({
        what: '--client prints code, and --json prints data',
        got: '`--client` with `--json`',
        allowed: 'one of them',
        fix: 'Leave one of them out.',
      });
    }
    const found = findClient(client);
    return (outputs) => renderClient(found, outputs);
  }
  if (json) return (outputs) => `${JSON.stringify(outputs, null, 2)}\n`;
  return (outputs) => renderOutputs(outputs, { paint: resultPaint(options) });
}
