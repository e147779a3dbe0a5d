import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import { type ResultOptions, resultPaint, writeResult } from '../terminal/result.js';
import { lookAt } from '../status/look.js';
import { renderStatus, renderVerdict } from '../status/render.js';
import { PLAIN } from '../terminal/table.js';

export interface StatusOptions extends ResultOptions {
  /** Machine-readable, and nothing else on stdout; one line each while it follows. @default false */
  readonly json?: boolean | undefined;
  /** Go on until Ctrl-C: on a terminal drawn anew each second, else a line whenever there is news. @default false */
  readonly follow?: boolean | undefined;
}

const EVERY_MS = 1000;
/** Cursor to the upper left, and what stands there away. */
const CLEAR = '\u001b[H\u001b[J';

/**
 * `npm run status`: how the deployment is.
 * @returns 0 if all is well, else 1
 * @throws PlatformError if --output cannot be written, or is to follow
 */
export async function statusCommand(context: Context, options: StatusOptions): Promise<number> {
  if (options.follow) return followStatus(context, options);
  const status = await lookAt(context);
  const text = options.json ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status, resultPaint(options));
  writeResult(text, options);
  return status.ok ? 0 : 1;
}

async function followStatus(context: Context, options: StatusOptions): Promise<never> {
  if (options.output !== undefined) {
    throw new PlatformError({
      what: '--follow writes to no file',
      got: `--output ${options.output}`,
      allowed: '--follow or --output',
      fix: 'Leave one of them out.',
    });
  }
  let said = '';
  for (;;) {
    const status = await lookAt(context);
    if (process.stdout.isTTY && !options.json) {
      process.stdout.write(CLEAR + renderStatus(status, resultPaint(options)));
    } else {
      const news = renderVerdict(status, PLAIN);
      if (news !== said) process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : dated(news));
      said = news;
    }
    await pause(EVERY_MS);
  }
}

function dated(text: string): string {
  return `${new Date().toISOString()} ${text}\n`;
}
