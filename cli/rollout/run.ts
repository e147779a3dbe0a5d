import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { Duration } from '../../constructs/core/units.js';
import type { Status } from '../status/status.js';
import type { Change } from './changes.js';
import { notSettled } from './settled.js';
import { isRest, planWaves, type Roles, type Wave } from './waves.js';

/** What a rollout needs of the world; given, so that it is tested without one. */
export interface Means {
  readonly topology: Topology;
  readonly look: () => Promise<Status>;
  /** Applies these addresses and what they need. */
  readonly apply: (addresses: readonly string[]) => Promise<void>;
  /** Called with short names of containers that were made anew, once the platform has settled with them. @default nothing */
  readonly settled?: (instances: readonly string[]) => Promise<void>;
  /** Runs one step that is shown with its time. */
  readonly step: (title: string, run: (say: (text: string) => void) => Promise<void>) => Promise<void>;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  readonly within?: Duration;
}

/** Restart, full sync, and Sentinels that ask for news every 10 s, on a slow machine. */
const SETTLED_WITHIN = Duration.seconds(120);
const LOOK_EVERY_MS = 300;

/**
 * Makes the changes of a running platform wave by wave, and waits after each until the platform has settled. What is left in
 * the end, for the caller to apply as a whole, disturbs nobody.
 * @throws PlatformError if the platform does not settle: what was not changed by then stays as it is
 */
export async function rollOut(changes: readonly Change[], begin: Status, means: Means): Promise<void> {
  const { topology, step } = means;
  const unwell = new Set(begin.concerned);
  let master = begin.redis?.master ?? '';
  let left = changes;
  for (;;) {
    const [wave] = planWaves(left, topology, { master, unwell } satisfies Roles);
    if (wave === undefined || isRest(wave)) return;
    left = left.filter((change) => !wave.changes.includes(change));
    const ignored = new Set(left.flatMap(({ instance }) => (unwell.has(instance) ? [instance] : [])));
    await step(wave.title, async (say) => {
      await means.apply(wave.changes.map(({ address }) => address));
      const status = await settle(wave, ignored, left, means, say);
      master = status.redis?.master ?? master;
      const made = wave.changes.filter(({ kind, action }) => kind === 'container' && action !== 'delete');
      await means.settled?.(made.map(({ instance }) => instance));
    });
  }
}

async function settle(
  wave: Wave,
  ignored: ReadonlySet<string>,
  left: readonly Change[],
  { topology, look, pause: wait = pause, within = SETTLED_WITHIN }: Means,
  say: (text: string) => void,
): Promise<Status> {
  let said: string | undefined;
  for (const deadline = Date.now() + within.toMilliseconds(); ;) {
    const status = await look();
    const reason = notSettled(status, wave, topology, ignored);
    if (reason === undefined) return status;
    if (reason !== said) say(reason);
    said = reason;
    if (Date.now() >= deadline) throw stuck(wave, reason, left, within);
    await wait(LOOK_EVERY_MS);
  }
}

function stuck({ title }: Wave, reason: string, left: readonly Change[], within: Duration): PlatformError {
  const untouched = left.flatMap(({ kind, instance }) => (kind === 'container' ? [instance] : []));
  return new PlatformError({
    what: `the platform did not settle within ${within.toSeconds()} s after this step: ${title}`,
    got: reason,
    allowed: 'a change goes on only while everything else could take over',
    fix:
      `See \`npm run status\` and the logs. Not changed yet: ${untouched.join(', ') || 'nothing'}. ` +
      'Run `npm start` again to go on, or correct the declaration first.',
  });
}
