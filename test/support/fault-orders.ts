import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { parseInfo } from '../../cli/status/replication.js';
import { Duration } from '../../constructs/core/units.js';
import { API_WAYS, ApiLedger } from './api-ledger.js';
import { contentsOf } from './contents.js';
import { eventually } from './eventually.js';
import { type FaultKind, kindOf, QUICK_KINDS, type Scene, SLOW_KINDS } from './fault-kinds.js';
import { Faults } from './faults.js';
import { inSync } from './in-sync.js';
import { Ledger } from './ledger.js';
import { NetworkFaults } from './network-faults.js';
import type { Platform } from './platform.js';

/** A fault as it is drawn; what it hits is decided when it happens, from who plays which part then. */
export interface Fault {
  readonly kind: FaultKind;
  /** Of freezes, cuts, scripts and slow networks. */
  readonly milliseconds: number;
  /** Between this fault and the next. */
  readonly pauseMs: number;
  /** Which of several equal ones: taken modulo their number. */
  readonly which: number;
  /** The next one begins meanwhile, where the kind allows it. */
  readonly meanwhile: boolean;
}

export interface OrderReport {
  readonly acknowledged: number;
  /** Seconds after the last fault in which most Sentinels still sat out a TILT, and could do nothing. */
  readonly tilted: number;
  /** From then on until writes had gone through on all ways, in seconds. */
  readonly recovered: number;
}

/** After the last fault of an order, one master must take writes on all ways again. */
const MASTER_WITHIN = Duration.seconds(30);
/** A Sentinel that stood still for more than 2 s does nothing for 30 s (`TILT`), by its design; a starved machine makes more of them. */
const AWAKE_WITHIN = Duration.seconds(90);
/** Longer than any order takes. */
const WRITERS_FOR = Duration.seconds(900);
/** Enough writes at any moment, and few enough for a small machine and the environment's memory: nothing is evicted. */
const WRITER_PAUSE_MS = 25;
/** KiB a second. Replication of the writers' load takes ~50. */
const SPEEDS = [8, 32, 128] as const;

/** Sequences of one to five faults. Freezes are drawn most often around down-after, where they are most dangerous. */
export function faultOrders(without: readonly FaultKind[] = []): fc.Arbitrary<Fault[]> {
  const among = (kinds: readonly FaultKind[]) => fc.constantFrom(...kinds.filter((kind) => !without.includes(kind)));
  const fault = fc.record({
    kind: fc.oneof({ weight: 8, arbitrary: among(QUICK_KINDS) }, { weight: 1, arbitrary: among(SLOW_KINDS) }),
    milliseconds: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1200, max: 3600 }) },
      { weight: 1, arbitrary: fc.integer({ min: 50, max: 8000 }) },
    ),
    pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
    which: fc.integer({ min: 0, max: 5 }),
    meanwhile: fc.boolean(),
  });
  return fc.array(fault, { minLength: 1, maxLength: 5 });
}

/**
 * Lets an order of faults happen while clients write on all ways, then holds the platform to its promises. All keys are removed before.
 * @throws if a write that was acknowledged is gone, nodes differ, no master takes writes in time, or the API answered anything undocumented
 */
export async function runOrder(platform: Platform, order: readonly Fault[]): Promise<OrderReport> {
  await flush(platform);
  const ledger = new Ledger(platform, { atMost: WRITERS_FOR, pauseMs: WRITER_PAUSE_MS });
  const api = new ApiLedger(platform, WRITER_PAUSE_MS);
  let tilted: number;
  let recovered: number;
  try {
    await Promise.all([ledger.start(), api.start()]);
    await happenAll(platform, order);
    await new Faults(platform).undo();
    const over = Date.now();
    const acting = await mostSentinelsAct(platform);
    await Promise.all([ledger.resumed(over, MASTER_WITHIN), api.resumed(over, MASTER_WITHIN)]);
    tilted = (acting - over) / 1000;
    recovered = (Date.now() - acting) / 1000;
    // Long enough for what was thrown away to have been thrown away.
    await inSync(platform);
  } finally {
    await Promise.all([ledger.end(), api.end()]);
  }
  await expectEqualData(platform);
  const [byRedis, byApi] = await Promise.all([ledger.stop(), api.stop()]);
  const counters = API_WAYS.flatMap((way) => {
    const { is, done, unknown } = byApi.ways[way].counter;
    const most = way === 'with a key' ? done : done + unknown;
    return is < done || is > most ? [`a counter ${way} is ${is} after ${done} (+${unknown})`] : [];
  });
  const wrong = [
    ...byRedis.lost.map((key) => `lost: ${key}`),
    ...API_WAYS.flatMap((way) => byApi.ways[way].lost.map((key) => `lost by the API: ${key}`)),
    ...counters,
    ...Object.entries(byApi.others).map(([answer, count]) => `${count} x the API answered ${answer}`),
    ...(byApi.withoutRetryAfter > 0 ? [`${byApi.withoutRetryAfter} answers without Retry-After`] : []),
  ];
  if (wrong.length > 0) throw new Error(`${wrong.length} promises broken:\n${wrong.slice(0, 20).join('\n')}`);
  const done = API_WAYS.reduce((sum, way) => sum + byApi.ways[way].done, 0);
  return { acknowledged: byRedis.confirmed + done, tilted, recovered };
}

/** Returns when all faults are over; what they broke need not be well again by then. */
async function happenAll(platform: Platform, order: readonly Fault[]): Promise<void> {
  const going: Promise<unknown>[] = [];
  for (const fault of order) {
    const kind = kindOf(fault.kind);
    if (kind.beside === 'alone') await Promise.all(going);
    const roles = kind.hitsData ? await inSync(platform) : undefined;
    const happening = kind.happen(sceneOf(platform, fault, roles));
    if (fault.meanwhile && kind.beside === 'background') {
      // Whoever fails first is heard at the end.
      happening.catch(() => undefined);
      going.push(happening);
    } else await happening;
    await pause(fault.pauseMs);
  }
  await Promise.all(going);
}

function sceneOf(
  platform: Platform,
  { milliseconds, which }: Fault,
  roles: { readonly master: string; readonly replicas: readonly string[] } | undefined,
): Scene {
  const pick = (names: readonly string[], shift = 0) => names[(which + shift) % names.length] ?? '';
  return {
    platform,
    faults: new Faults(platform),
    network: new NetworkFaults(platform),
    master: roles?.master ?? '',
    replica: pick(roles?.replicas ?? ['']),
    node: pick(platform.nodes),
    sentinel: pick(platform.sentinels),
    otherSentinel: pick(platform.sentinels, 1),
    api: pick(platform.namesOf('api')),
    milliseconds,
    speed: SPEEDS[which % SPEEDS.length] ?? SPEEDS[0],
  };
}

/** Nothing of earlier orders takes memory, idempotency keys of a day included. */
async function flush(platform: Platform): Promise<void> {
  const { master } = await inSync(platform);
  const client = platform.atNode(master);
  await client.flushall();
  platform.disconnect(client);
}

/** @returns when that was; they themselves tell a TILT from a failover that does not come */
function mostSentinelsAct(platform: Platform): Promise<number> {
  return eventually(
    async () => {
      const tilted = await Promise.all(platform.sentinels.map((sentinel) => isTilted(platform, sentinel)));
      const acting = tilted.filter((one) => !one).length;
      if (acting <= platform.sentinels.length / 2)
        throw new Error(`${acting} Sentinels act, the others sit out a TILT`);
      return Date.now();
    },
    { within: AWAKE_WITHIN, every: 300 },
  );
}

async function isTilted(platform: Platform, sentinel: string): Promise<boolean> {
  const client = platform.atSentinel(sentinel);
  try {
    return parseInfo(await client.info('sentinel')).get('sentinel_tilt') !== '0';
  } finally {
    platform.disconnect(client);
  }
}

async function expectEqualData(platform: Platform): Promise<void> {
  await eventually(
    async () => {
      const all = await Promise.all(platform.nodes.map((node) => contentsOf(platform, node)));
      const [first = ''] = all;
      const different = platform.nodes.filter((_, index) => all[index] !== first);
      if (different.length > 0) throw new Error(`${different.join(', ')} differ from ${platform.nodes[0] ?? ''}`);
    },
    { within: Duration.seconds(30), every: 500 },
  );
}

/** One line. */
export function describeOrder(order: readonly Fault[]): string {
  return order
    .map(
      ({ kind, milliseconds, pauseMs, which, meanwhile }) =>
        `${kind} #${which} ${milliseconds} ms, ${meanwhile ? 'meanwhile' : 'then'} ${pauseMs} ms`,
    )
    .join(' | ');
}
