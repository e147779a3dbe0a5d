import { setTimeout as sleep } from 'node:timers/promises';
import { Arrivals } from './arrivals.js';
import { textOf } from './line.js';
import { isWanted, readNewest } from './newest.js';
import { arrivedQuery, type Marks, PAGE } from './query.js';
import type { Selection } from './selection.js';
import { type Hit, type LogStore, StoreUnavailable } from './store.js';

const POLL_MS = 1000;
/** How often indices that were made anew are looked for. */
const CHECK_MS = 60_000;
/** More lines than the store can be in the middle of writing. */
const UNSETTLED_LINES = 1000;

export interface FollowOptions {
  /** Of the lines that are there at the start. */
  readonly limit: number;
  readonly stop: AbortSignal;
  /** Gets lines, oldest first; late ones come after newer ones that were there before. */
  readonly show: (hits: readonly Hit[]) => Promise<void>;
  /** Gets remarks for people. */
  readonly say: (text: string) => void;
  /** Called once if older lines were left out for the limit. */
  readonly onMore: () => void;
  /** @default 1000 */
  readonly pollMs?: number;
}

/**
 * Shows the newest lines and every later one, once, however late it arrives, until it is stopped. A store that goes away is waited for.
 * @throws StoreUnavailable if it is not there at the start; PlatformError if it refuses
 */
export async function follow(store: LogStore, selection: Selection, options: FollowOptions): Promise<void> {
  const { stop, show, say, pollMs = POLL_MS } = options;
  const clock = () => performance.now();
  let arrivals: Arrivals;
  try {
    arrivals = await begin(store, selection, options);
  } catch (error) {
    if (stop.aborted) return;
    throw error;
  }
  let failures = 0;
  let checked = clock();
  for (;;) {
    try {
      await sleep(pollMs, undefined, { signal: stop });
      if (failures > 0 || clock() - checked >= CHECK_MS) {
        arrivals.forgetDeleted(await store.marks(selection, stop));
        checked = clock();
      }
      await readArrived(store, selection, arrivals.since(), stop, async (page) => {
        const fresh = arrivals.accept(page, clock()).filter((hit) => isWanted(hit, selection));
        await show(fresh.sort(byTime));
      });
      arrivals.settle(clock());
      if (failures > 1) say('The log store answers again.');
      failures = 0;
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof StoreUnavailable)) throw error;
      failures += 1;
      // A single one may be a connection that was closed while idle.
      if (failures === 2) say(`The log store does not answer (${error.reason}); waiting for it. Ctrl-C ends this.`);
    }
  }
}

async function begin(store: LogStore, selection: Selection, options: FollowOptions): Promise<Arrivals> {
  const { limit, stop, show, onMore } = options;
  const start = await store.marks(selection, stop);
  const low = new Map([...start].map(([index, number]) => [index, number - UNSETTLED_LINES]));
  const arrivals = new Arrivals(low);
  const isOld = ({ index, number }: Hit) => number <= (start.get(index) ?? -1);
  await readArrived(store, selection, low, stop, (page) => {
    arrivals.accept(page.filter(isOld), performance.now());
    return Promise.resolve();
  });
  const { hits, more } = await readNewest(store, selection, { limit, upTo: start, stop });
  arrivals.accept(hits, performance.now());
  if (more) onMore();
  await show(hits);
  return arrivals;
}

async function readArrived(
  store: LogStore,
  selection: Selection,
  since: Marks,
  stop: AbortSignal,
  take: (page: readonly Hit[]) => Promise<void>,
): Promise<void> {
  let after: readonly unknown[] | undefined;
  for (;;) {
    const page = await store.search(arrivedQuery(selection, since, after), stop);
    await take(page);
    after = page.at(-1)?.sort;
    if (page.length < PAGE) return;
  }
}

function byTime(a: Hit, b: Hit): number {
  const [one, other] = [textOf(a.line, '@timestamp'), textOf(b.line, '@timestamp')];
  // Lines of log-run differ in nanoseconds, and all have nine digits of them.
  return Date.parse(one) - Date.parse(other) || (one < other ? -1 : 1);
}
