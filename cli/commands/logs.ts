import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { processEnv } from '../../environments/process-env.js';
import type { Context } from '../context.js';
import { follow } from '../logs/follow.js';
import { readNewest } from '../logs/newest.js';
import { EXIT } from '../logs/options.js';
import { Output } from '../logs/output.js';
import { COLOURED, COLOURLESS, renderJson, renderLine } from '../logs/render.js';
import { parseSelection, type SelectionOptions } from '../logs/selection.js';
import { type Hit, LogStore, type StoreAccess } from '../logs/store.js';
import { formatTime } from '../logs/time.js';
import { readOutputs } from '../outputs.js';
import { type ResultOptions, resultPaint, resultStream } from '../terminal/result.js';
import { PLAIN } from '../terminal/table.js';
import { readTopology } from '../status/topology.js';

/** While it follows it asks once a second, and should notice soon when the store is stuck. */
const FOLLOW_ANSWER_MS = 10_000;

/** Lines rendered at once. */
const CHUNK = 1000;

export interface LogsOptions extends SelectionOptions, ResultOptions {
  /** The stored documents, one a line, and nothing else on stdout. @default false */
  readonly json?: boolean | undefined;
}

/**
 * `npm run logs`: lines of all services, newest last.
 * @returns 0 if there were lines, 1 if there were none, 2 if they could not be read
 */
export async function logsCommand(context: Context, options: LogsOptions): Promise<number> {
  try {
    const access = storeAccess(context);
    const topology = await readTopology(context);
    if (!topology) throw undeployed(context);
    return (await showLines(access, topology, options)) ? EXIT.found : EXIT.none;
  } catch (error) {
    const isUsers = error instanceof PlatformError && processEnv['DEBUG'] === undefined;
    console.error(isUsers ? `\nError: ${error.message}` : error);
    return EXIT.error;
  }
}

function storeAccess(context: Context): StoreAccess {
  const { logs } = readOutputs(context, { showSecrets: true });
  if (!logs) {
    throw new PlatformError({
      what: `${context.name} keeps no logs that can be searched from here`,
      fix:
        'Its log stack is off or its port is not published: see `logs` in environments/, then `npm start`. ' +
        '`docker logs` shows the last lines of each container all the same.',
    });
  }
  const { password } = logs;
  if (password === null) throw undeployed(context);
  return { ...logs, password };
}

function undeployed({ name }: Context): PlatformError {
  return new PlatformError({
    what: `${name} is not deployed`,
    fix: 'Run `npm start` first (with the same --env and --instance).',
  });
}

/** @returns whether there were any */
async function showLines(access: StoreAccess, topology: Topology, options: LogsOptions): Promise<boolean> {
  const { selection, limit } = parseSelection(options, topology);
  const { json = false, utc = false } = options;
  const { services } = topology;
  const style = {
    colour: resultPaint(options) === PLAIN ? COLOURLESS : COLOURED,
    utc,
    services: services.map(({ name }) => name),
    width: Math.max(...services.flatMap(({ instances }) => instances.map(({ name }) => name.length))),
  };
  const output = new Output(await resultStream(options));
  let shown = 0;
  const show = async (hits: readonly Hit[]) => {
    shown += hits.length;
    for (let at = 0; at < hits.length; at += CHUNK) {
      const chunk = hits.slice(at, at + CHUNK);
      await output.write(chunk.map(({ line }) => (json ? renderJson(line) : renderLine(line, style))));
    }
  };
  const say = (text: string) => {
    process.stderr.write(`${text}\n`);
  };
  const since = formatTime(selection.since, { now: new Date(), utc });
  const onMore = () => {
    say(`Older lines (since ${since}) are left out: the limit is ${limit}. --limit raises it.`);
  };
  if (options.follow === true) {
    await untilInterrupted(output.closed, (stop) =>
      follow(new LogStore(access, FOLLOW_ANSWER_MS), selection, { limit, stop, show, say, onMore }),
    );
    return shown > 0;
  }
  const store = new LogStore(access);
  const stop = output.closed;
  const { hits, more } = await readNewest(store, selection, { limit, stop });
  // First, or it would scroll away.
  if (more) onMore();
  await show(hits);
  if (hits.length === 0) say(`No lines since ${since}.`);
  return hits.length > 0;
}

/** Ctrl-C ends the work; once more ends the program. */
async function untilInterrupted(closed: AbortSignal, work: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const end = () => {
    stop.abort();
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  closed.addEventListener('abort', end);
  try {
    await work(stop.signal);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}
