import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { findProgram } from '../bootstrap/programs.mjs';

/** Launchers end at once; one that is itself the browser may stay. */
const LAUNCH_MS = 3_000;

/**
 * The program that opens a page in the user's browser, without a shell that could read anything into its name.
 * @param file absolute
 * @param find says whether a program is there
 */
export function browserCommand(
  platform: NodeJS.Platform,
  file: string,
  find: (name: string) => string | undefined = findProgram,
): { readonly program: string; readonly args: readonly string[] } | undefined {
  // As URL: on Windows, `rundll32` would take apart a path with commas or spaces.
  const url = pathToFileURL(file, { windows: platform === 'win32' }).href;
  if (platform === 'win32') return { program: 'rundll32.exe', args: ['url.dll,FileProtocolHandler', url] };
  // The second one is WSL's: it opens the browser of Windows.
  const [name, argument] = platform === 'darwin' ? ['open', url] : ['xdg-open', url];
  const program = find(name) ?? (platform === 'linux' ? find('wslview') : undefined);
  return program === undefined ? undefined : { program, args: [argument] };
}

/** @throws PlatformError if there is nothing to open it with, as on a server */
export async function openInBrowser(file: string): Promise<void> {
  const command = browserCommand(process.platform, file);
  const failed = (cause?: unknown) =>
    new PlatformError(
      { what: 'no browser could be opened from here', fix: `Open it yourself: ${file}` },
      cause === undefined ? undefined : { cause },
    );
  if (command === undefined) throw failed();
  const child = spawn(command.program, command.args, { stdio: 'ignore', detached: true });
  child.unref();
  try {
    const [code] = (await Promise.race([once(child, 'exit'), sleep(LAUNCH_MS, [0])])) as [number | null];
    if (code !== 0) throw failed();
  } catch (error) {
    throw error instanceof PlatformError ? error : failed(error);
  }
}
