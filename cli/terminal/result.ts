import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { type Paint, PLAIN, paintFor } from './table.js';

/** Where what a command found goes. */
export interface ResultOptions {
  /**
   * A file, in UTF-8 with line feeds on every system, where PowerShell's `>` would write UTF-16.
   * @default stdout
   */
  readonly output?: string | undefined;
}

/** Colours where the result is read on a terminal. */
export function resultPaint({ output }: ResultOptions): Paint {
  return output === undefined ? paintFor(process.stdout) : PLAIN;
}

/**
 * @param mode of the file, e.g. 0o600 for what others must not read
 * @throws PlatformError if the file cannot be written
 */
export function writeResult(text: string, { output }: ResultOptions, mode?: number): void {
  if (output === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    mkdirSync(dirname(resolve(output)), { recursive: true });
    // In place, not by a rename: what is named may be a device or a link.
    writeFileSync(output, text, { mode: mode ?? 0o666 });
    if (mode !== undefined && statSync(output).isFile()) chmodSync(output, mode);
  } catch (cause) {
    throw unwritable(cause);
  }
  console.error(`wrote ${output}`);
}

/**
 * For a result that comes bit by bit.
 * @throws PlatformError if the file cannot be written
 */
export async function resultStream({ output }: ResultOptions): Promise<Writable> {
  if (output === undefined) return process.stdout;
  try {
    mkdirSync(dirname(resolve(output)), { recursive: true });
    const stream = createWriteStream(output);
    await once(stream, 'open');
    console.error(`writing ${output}`);
    return stream;
  } catch (cause) {
    throw unwritable(cause);
  }
}

/** For a file that a user named. */
export function unwritable(cause: unknown): PlatformError {
  return new PlatformError(
    {
      what: '--output cannot be written',
      got: cause instanceof Error ? cause.message : String(cause),
      allowed: 'a file in a folder that can be written to',
      fix: 'Choose another one.',
    },
    { cause },
  );
}
