import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from './eventually.js';
import type { Platform, RedisOptions } from './platform.js';

/** How a writer reaches the platform. */
export type Way = 'master port' | 'Sentinel client' | 'API';
export const WAYS: readonly Way[] = ['master port', 'Sentinel client', 'API'];

export interface LedgerOptions {
  /** Replicas that must have confirmed a write before it counts. @default 1 */
  readonly confirmedBy?: 1 | 2;
  /** Longest run; the writers end by themselves then. @default 90 s */
  readonly atMost?: Duration;
  /** A node to which more writers hold on, whatever the proxy and the Sentinels say: through its own port. @default none */
  readonly stubbornAt?: string;
  /** Milliseconds between a writer's writes through Redis. @default 4, which keeps a test of a minute or two within the environment's memory: nothing is evicted */
  readonly pauseMs?: number;
}

export interface LedgerReport {
  readonly confirmed: number;
  /** Keys that were confirmed and are gone or changed. */
  readonly lost: readonly string[];
  /** Longest time without an accepted write, in seconds. */
  readonly outage: Readonly<Record<Way, number>>;
  /** What the API answered, by status code; `0` is no answer at all. */
  readonly apiAnswers: Readonly<Record<string, number>>;
  readonly slowestApiAnswerMs: number;
  /** 503 answers without Retry-After. */
  readonly apiWithoutRetryAfter: number;
}

/** Writers that go to one node only. Their writes count as the others' do; that they come back is nobody's promise. */
const STUBBORN_WRITERS = 4;
const REDIS_WRITERS: readonly Way[] = [...Array<Way>(5).fill('master port'), ...Array<Way>(4).fill('Sentinel client')];
const REFUSED_PAUSE_MS = 20;
/** A write that takes longer to be confirmed is not confirmed. */
const WAIT_MS = 300;
const API_TIMEOUT_MS = 5000;
/** On a starved machine a master may fail over while its data is read. */
const READ_WITHIN = Duration.seconds(60);

/**
 * Nothing may repeat a command behind the writer's back: WAIT on another connection than the write's would confirm
 * what never arrived.
 */
const HONEST: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
};

/** A write that replicas have confirmed. */
export interface Confirmed {
  readonly key: string;
  readonly value: string;
}

/** Writers that remember every write which replicas confirmed, and later look for each of them. */
export class Ledger {
  private readonly run = randomBytes(4).toString('hex');
  private readonly accepted = new Map<Way, number[]>(WAYS.map((way) => [way, []]));
  private readonly confirmed: Confirmed[] = [];
  private readonly written: string[] = [];
  private readonly apiAnswers: Record<string, number> = {};
  private slowestApiAnswerMs = 0;
  private apiWithoutRetryAfter = 0;
  private readonly clients: Redis[] = [];
  private writers: Promise<unknown> = Promise.resolve();
  private ended = false;
  private begun = 0;
  private readonly confirmedBy: number;
  private readonly atMostMs: number;
  private readonly stubbornAt: string | undefined;
  private readonly pauseMs: number;

  constructor(
    private readonly platform: Platform,
    { confirmedBy = 1, atMost = Duration.seconds(90), stubbornAt, pauseMs = 4 }: LedgerOptions = {},
  ) {
    this.confirmedBy = confirmedBy;
    this.atMostMs = atMost.toMilliseconds();
    this.stubbornAt = stubbornAt;
    this.pauseMs = pauseMs;
  }

  /** Returns when every way has had a write accepted. */
  async start(): Promise<void> {
    this.begun = Date.now();
    const writers = REDIS_WRITERS.map((way, index) => {
      const client =
        way === 'master port' ? this.platform.atMaster(undefined, HONEST) : this.platform.bySentinel(HONEST);
      return this.writeToRedis(client, index, this.accepted.get(way));
    });
    const { stubbornAt: node } = this;
    const stubborn = Array.from({ length: node === undefined ? 0 : STUBBORN_WRITERS }, (_, index) =>
      this.writeToRedis(
        this.platform.atNode(node ?? '', this.platform.login('app'), HONEST),
        REDIS_WRITERS.length + index,
      ),
    );
    this.writers = Promise.all([...writers, ...stubborn, this.writeToApi()]);
    await this.resumed(this.begun);
  }
  /** Returns when every way has had a write accepted after this moment. */
  async resumed(after: number = Date.now(), within: Duration = Duration.seconds(30)): Promise<void> {
    await eventually(
      () => {
        const silent = WAYS.filter((way) => (this.accepted.get(way)?.at(-1) ?? 0) <= after);
        if (silent.length > 0) throw new Error(`no writes through ${silent.join(', ')}`);
      },
      { within, every: 20 },
    );
  }
  /** Ends the writers, looks for every confirmed write on the master, and removes all keys. */
  async stop(): Promise<LedgerReport> {
    const end = Date.now();
    await this.end();
    const reader = this.platform.atMaster();
    const lost = await missing(reader, this.confirmed);
    for (const batch of batches(this.written)) await eventually(() => reader.unlink(batch), { within: READ_WITHIN });
    this.platform.disconnect(reader);
    const outage = (way: Way) => longestGap([this.begun, ...(this.accepted.get(way) ?? []), end]) / 1000;
    return {
      confirmed: this.confirmed.length,
      lost,
      outage: {
        'master port': outage('master port'),
        'Sentinel client': outage('Sentinel client'),
        API: outage('API'),
      },
      apiAnswers: this.apiAnswers,
      slowestApiAnswerMs: this.slowestApiAnswerMs,
      apiWithoutRetryAfter: this.apiWithoutRetryAfter,
    };
  }
  /** Ends the writers without a look at what they wrote. */
  async end(): Promise<void> {
    this.ended = true;
    await this.writers;
    for (const client of this.clients) this.platform.disconnect(client);
  }

  /** What has been confirmed by now. */
  soFar(): readonly Confirmed[] {
    return [...this.confirmed];
  }

  private get over(): boolean {
    return this.ended || Date.now() > this.begun + this.atMostMs;
  }

  private async writeToRedis(client: Redis, index: number, accepted?: number[]): Promise<void> {
    this.clients.push(client);
    for (let number = 0; !this.over; number++) {
      const key = `ledger:${this.run}:${index}:${number}`;
      const value = `${number}:${this.run}`;
      this.written.push(key);
      const replicas = await writeOnce(client, key, value, this.confirmedBy);
      if (replicas >= this.confirmedBy) this.confirmed.push({ key, value });
      if (replicas >= 1) accepted?.push(Date.now());
      await pause(replicas >= 1 ? this.pauseMs : REFUSED_PAUSE_MS);
    }
  }
  private async writeToApi(): Promise<void> {
    for (let number = 0; !this.over; number++) {
      const begun = Date.now();
      const status = await this.putItem(`ledger-${this.run}`, number);
      this.slowestApiAnswerMs = Math.max(this.slowestApiAnswerMs, Date.now() - begun);
      this.apiAnswers[status] = (this.apiAnswers[status] ?? 0) + 1;
      if (status === 200 || status === 201) this.accepted.get('API')?.push(Date.now());
      await pause(REFUSED_PAUSE_MS);
    }
  }
  private async putItem(key: string, value: number): Promise<number> {
    try {
      const response = await fetch(`${this.platform.outputs.api.url}/v1/items/${key}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ value, ttlSeconds: 300 }),
        signal: AbortSignal.timeout(API_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      if (response.status === 503 && !response.headers.has('retry-after')) this.apiWithoutRetryAfter++;
      return response.status;
    } catch {
      return 0;
    }
  }
}

/** @returns the keys that are gone or changed */
export async function missing(reader: Redis, confirmed: readonly Confirmed[]): Promise<string[]> {
  const lost: string[] = [];
  for (const batch of batches(confirmed)) {
    const values = await eventually(() => reader.mget(batch.map(({ key }) => key)), { within: READ_WITHIN });
    lost.push(...batch.filter(({ value }, index) => values[index] !== value).map(({ key }) => key));
  }
  return lost;
}

/** @returns the replicas that confirmed the write, -1 if it was not even accepted */
async function writeOnce(client: Redis, key: string, value: string, confirmedBy: number): Promise<number> {
  // Both go out together on one connection, or neither.
  const answers = await client
    .pipeline()
    .set(key, value)
    .wait(confirmedBy, WAIT_MS)
    .exec()
    .catch(() => null);
  const [set, wait] = answers ?? [];
  if (!set || !wait || set[0] || wait[0]) return -1;
  return set[1] === 'OK' ? Number(wait[1]) : -1;
}

function longestGap(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(...sorted.map((time, index) => time - (sorted[index - 1] ?? time)));
}

function* batches<T>(all: readonly T[], size = 500): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
