import { randomBytes, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from './eventually.js';
import type { Platform } from './platform.js';

/** How a client of the API writes: with a key it repeats each write until it is answered; without one it sends it once. */
export type ApiWay = 'with a key' | 'without a key';
export const API_WAYS: readonly ApiWay[] = ['with a key', 'without a key'];

/** What became of a write. `unknown`: a 503 outcome_unknown, or no answer at all. */
type Outcome = 'done' | 'refused' | 'unknown';

export interface ApiTally {
  /** Writes that were answered with success. */
  readonly done: number;
  /** Of these, by the answer to an earlier request. */
  readonly replayed: number;
  readonly refused: number;
  readonly unknown: number;
  /** Items that were stored, said the API, and are gone or changed. */
  readonly lost: readonly string[];
  /** What the counter says, and what it was told to count with success. */
  readonly counter: { readonly is: number; readonly done: number; readonly unknown: number };
}

export interface ApiReport {
  readonly ways: Readonly<Record<ApiWay, ApiTally>>;
  /** Answers other than success, redis_unavailable and outcome_unknown. */
  readonly others: Readonly<Record<string, number>>;
  readonly withoutRetryAfter: number;
  readonly slowestMs: number;
}

interface Way {
  readonly items: { readonly key: string; readonly value: string }[];
  readonly outcomes: Record<Outcome, number>;
  readonly counter: Record<Outcome, number>;
  replayed: number;
  lastDone: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: { readonly value?: unknown; readonly error?: { readonly code?: string } };
}

const ITEM_WRITERS = 5;
const TIMEOUT_MS = 5000;
const READ_WITHIN = Duration.seconds(60);
/** Items of a run go by themselves. */
const TTL_SECONDS = 600;

/** Clients of the API that remember what they were told, and later look for each of it. */
export class ApiLedger {
  private readonly run = randomBytes(4).toString('hex');
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });
  private readonly ways: Record<ApiWay, Way> = { 'with a key': newWay(), 'without a key': newWay() };
  private readonly others: Record<string, number> = {};
  private withoutRetryAfter = 0;
  private slowestMs = 0;
  private ended = false;
  private writers: Promise<unknown> = Promise.resolve();

  /** @param pauseMs milliseconds between a writer's requests */
  constructor(
    private readonly platform: Platform,
    private readonly pauseMs = 10,
  ) {}

  /** Returns when both ways have had a write answered. */
  async start(): Promise<void> {
    const begun = Date.now();
    this.writers = Promise.all(
      API_WAYS.flatMap((way) => [
        ...Array.from({ length: ITEM_WRITERS }, (_, writer) => this.writeItems(way, writer)),
        this.count(way),
      ]),
    );
    await this.resumed(begun);
  }
  /** Returns when both ways have had a write answered after this moment. */
  async resumed(after: number = Date.now(), within: Duration = Duration.seconds(30)): Promise<void> {
    await eventually(
      () => {
        const silent = API_WAYS.filter((way) => this.ways[way].lastDone <= after);
        if (silent.length > 0) throw new Error(`no write answered ${silent.join(', ')}`);
      },
      { within, every: 20 },
    );
  }
  /** Ends the writers; those with a key go on until their last write is answered. */
  async end(): Promise<void> {
    this.ended = true;
    await this.writers;
  }
  /** Ends the writers and reads everything again. */
  async stop(): Promise<ApiReport> {
    await this.end();
    const tallies = await Promise.all(API_WAYS.map(async (way) => [way, await this.tally(way)] as const));
    this.agent.destroy();
    return {
      ways: Object.fromEntries(tallies) as Record<ApiWay, ApiTally>,
      others: this.others,
      withoutRetryAfter: this.withoutRetryAfter,
      slowestMs: this.slowestMs,
    };
  }

  private async tally(way: ApiWay): Promise<ApiTally> {
    const { items, outcomes, counter, replayed } = this.ways[way];
    const lost: string[] = [];
    const left = [...items];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let item = left.pop(); item; item = left.pop()) {
          const { status, body } = await this.read(`/v1/items/${item.key}`);
          if (status !== 200 || body.value !== item.value) lost.push(item.key);
        }
      }),
    );
    const { body } = await this.read(this.counter(way));
    return {
      done: outcomes.done,
      replayed,
      refused: outcomes.refused,
      unknown: outcomes.unknown,
      lost,
      counter: { is: Number(body.value), done: counter.done, unknown: counter.unknown },
    };
  }

  /** An answer that says what is stored: on a starved machine a master may fail over while its data is read. */
  private read(path: string): Promise<Answer> {
    return eventually(
      async () => {
        const answer = await this.ask('GET', path);
        if (answer.status >= 500) throw new Error(`GET ${path} was answered with ${answer.status}`);
        return answer;
      },
      { within: READ_WITHIN },
    );
  }
  private counter(way: ApiWay): string {
    return `/v1/counters/ledger-${this.run}-${way === 'with a key' ? 'keyed' : 'plain'}`;
  }

  private async writeItems(way: ApiWay, writer: number): Promise<void> {
    const { items } = this.ways[way];
    for (let number = 0; !this.ended; number++) {
      const key = `ledger-${this.run}-${way === 'with a key' ? 'keyed' : 'plain'}-${writer}-${number}`;
      const value = `${number}:${this.run}`;
      const outcome = await this.write(way, 'PUT', `/v1/items/${key}`, { value, ttlSeconds: TTL_SECONDS });
      if (outcome === 'done') items.push({ key, value });
      await pause(this.pauseMs);
    }
  }
  private async count(way: ApiWay): Promise<void> {
    while (!this.ended) {
      this.ways[way].counter[await this.write(way, 'POST', this.counter(way), { by: 1 })]++;
      await pause(this.pauseMs);
    }
  }

  private async write(way: ApiWay, method: string, path: string, body: unknown): Promise<Outcome> {
    const mine = this.ways[way];
    const headers = way === 'with a key' ? { 'idempotency-key': randomUUID() } : {};
    for (;;) {
      const begun = Date.now();
      const answer = await this.ask(method, path, body, headers).catch(() => undefined);
      this.slowestMs = Math.max(this.slowestMs, Date.now() - begun);
      const outcome = this.outcomeOf(answer);
      mine.outcomes[outcome]++;
      if (outcome === 'done') {
        mine.lastDone = Date.now();
        if (answer?.headers['idempotency-replayed'] === 'true') mine.replayed++;
      }
      if (outcome === 'done' || way === 'without a key') return outcome;
      await pause(this.pauseMs);
    }
  }
  private outcomeOf(answer: Answer | undefined): Outcome {
    if (!answer) return 'unknown';
    const { status, headers, body } = answer;
    if (status === 200 || status === 201) return 'done';
    if (status === 503 && headers['retry-after'] === undefined) this.withoutRetryAfter++;
    // Without a code of the API's it is the proxy's own: it found no API to send the request to.
    const code = body.error?.code ?? 'no code';
    if (status !== 503) this.others[`${status} ${code}`] = (this.others[`${status} ${code}`] ?? 0) + 1;
    return code === 'outcome_unknown' || status !== 503 ? 'unknown' : 'refused';
  }

  private ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { hostname, port } = new URL(this.platform.outputs.api.url);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          hostname,
          port,
          method,
          path,
          agent: this.agent,
          timeout: TIMEOUT_MS,
          headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        },
        (answer) => {
          let text = '';
          answer
            .setEncoding('utf8')
            .on('data', (part: string) => (text += part))
            .once('error', reject)
            .once('end', () => {
              try {
                resolve({
                  status: answer.statusCode ?? 0,
                  headers: answer.headers,
                  body: JSON.parse(text) as Answer['body'],
                });
              } catch (error) {
                reject(error instanceof Error ? error : new Error(String(error)));
              }
            });
        },
      );
      sent
        .once('error', reject)
        .once('timeout', () => sent.destroy(new Error('no answer')))
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function newWay(): Way {
  const none = () => ({ done: 0, refused: 0, unknown: 0 });
  return { items: [], outcomes: none(), counter: none(), replayed: 0, lastDone: 0 };
}
