import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { EngineAddress } from './address.js';
import { connectEngine, type Engine } from './engine.js';
import { EngineError } from './error.js';

const START_MS = 60_000;

export interface StartingEngine {
  /** @default that of the current Docker context */
  readonly address?: EngineAddress;
  /** Whether dockerd is gone again. */
  readonly hasEnded: () => boolean;
  /** What dockerd prints. */
  readonly logFile: string;
}

/**
 * Waits for an engine that was just started.
 * @throws PlatformError with what dockerd complained about if it ended or is not there within a minute
 */
export async function untilAnswers({ address, hasEnded, logFile }: StartingEngine): Promise<Engine> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const ended = hasEnded();
    try {
      return await connectEngine(address);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (ended || Date.now() > deadline) throw startError(ended, logFile, error);
    }
    await sleep(200);
  }
}

function startError(ended: boolean, logFile: string, cause: EngineError): PlatformError {
  const complaints = readFileSync(logFile, { encoding: 'utf8', flag: 'a+' })
    .split('\n')
    .filter((line) => line !== '' && !/level=(?:debug|info|warning)/.test(line));
  return new PlatformError(
    {
      what: `dockerd was started, but ${ended ? 'ended at once' : 'does not answer'}:\n${complaints.slice(-10).join('\n')}\n`,
      fix: `Fix what it complains about (the whole log is ${logFile}) and run the command again.`,
    },
    { cause },
  );
}
