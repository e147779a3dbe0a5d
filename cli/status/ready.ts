import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Duration } from '../../constructs/core/units.js';
import type { Context } from '../context.js';
import { declaredContainers } from './containers.js';
import { gatherStatus } from './gather.js';
import { lastLogLines } from './logs.js';
import type { Status } from './status.js';

/** Between two looks: short at first, as most of a start is over within seconds. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 500;
const LOG_LINES = 10;
/** A health check is made at least every 10 s: what it said may be over until it is made again. */
const STALE_MS = 11_000;

export interface WaitOptions {
  /** `clients`: that all services which clients need are well; `everything`: the supporting ones too. @default 'everything' */
  readonly readyFor?: 'clients' | 'everything';
  readonly within: Duration;
  /** Gets a short text such as `7/9 containers healthy, waiting for redis-sentinel-2`. @default nobody */
  readonly onProgress?: (text: string) => void;
}

/**
 * Waits until all is well, or all that clients need.
 * @throws PlatformError soon where waiting does not help; when time is up, with what is still wrong and the last log lines of the containers concerned,
 * or at once if the engine stops answering
 */
export async function waitUntilReady(
  context: Context,
  engine: Docker,
  topology: Topology,
  { readyFor = 'everything', within, onProgress }: WaitOptions,
): Promise<Status> {
  const deadline = Date.now() + within.toMilliseconds();
  let helpless: number | undefined;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
    await checkEngine(engine, context.name);
    const status = await gatherStatus(context, engine, topology);
    if (readyFor === 'clients' ? status.serving : status.ok) return status;
    if (status.lasting.length === 0) helpless = undefined;
    helpless ??= status.lasting.length > 0 ? Date.now() : undefined;
    if (helpless !== undefined && Date.now() - helpless >= STALE_MS) throw needsSomebody(status);
    onProgress?.(describeProgress(status, readyFor));
    if (Date.now() + wait >= deadline) throw await notReady(engine, topology, status, within);
    await pause(wait);
  }
}

export function describeProgress(
  { containers, concerned, problems }: Status,
  readyFor: WaitOptions['readyFor'] = 'everything',
): string {
  const services = containers.filter(
    ({ role, supporting }) => role === 'service' && (readyFor === 'everything' || !supporting),
  );
  const healthy = services.filter(({ ok }) => ok).length;
  const awaited = new Set(services.map(({ name }) => name));
  const [first] = concerned.filter((name) => awaited.has(name));
  return `${healthy}/${services.length} containers healthy, waiting for ${first ?? `this to end: ${problems[0] ?? ''}`}`;
}

async function checkEngine(engine: Docker, deployment: string): Promise<void> {
  try {
    await engine.ping();
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the Docker engine stopped answering while ${deployment} was starting`,
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'Start the engine, then run `npm start` again: it goes on from there.',
      },
      { cause },
    );
  }
}

/** However long one waited, nothing would change. */
function needsSomebody({ deployment, lasting }: Status): PlatformError {
  return PlatformError.all(
    lasting.map((problem) => ({
      what: `${deployment} does not get ready by itself`,
      got: problem,
      fix: 'Do what it says, and it goes on by itself; `npm run status` shows when all is well.',
    })),
  );
}

async function notReady(engine: Docker, topology: Topology, status: Status, within: Duration): Promise<PlatformError> {
  const concerned = declaredContainers(topology).filter(
    ({ name, role }) => role === 'service' && status.concerned.includes(name),
  );
  const logs = await Promise.all(
    concerned.map(async ({ name, container }) => {
      const lines = await lastLogLines(engine, container, LOG_LINES);
      return [`Last lines of ${name}:`, ...lines.map((line) => `  ${line}`)].join('\n');
    }),
  );
  return new PlatformError({
    what: `${status.deployment} is not ready after ${within.toSeconds()} s`,
    fix: [
      'this is still wrong:',
      ...status.problems.map((problem) => `- ${problem}`),
      'Run `npm run status` to see whether it has become ready since, or `npm start` to try again.',
      ...logs,
    ].join('\n'),
  });
}
