import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Platform } from './platform.js';

/**
 * Requests at an even rate, each with a number in its path: one line of the proxy and one of the API each.
 * The answer is 404, as there is no such item; everything else counts as failed.
 */
export class NumberedRequests {
  sent = 0;
  failed = 0;
  /** Milliseconds, of all answers so far. */
  readonly took: number[] = [];
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  private stopped = false;
  private readonly pending = new Set<Promise<void>>();

  constructor(
    private readonly platform: Platform,
    readonly prefix: string,
    /** Requests a second. */
    private readonly rate: number,
  ) {}

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const begun = Date.now();
    while (!this.stopped) {
      const due = Math.floor(((Date.now() - begun) / 1000) * this.rate);
      while (this.sent < due) void this.send(this.sent++);
      await pause(10);
    }
  }
  /** Waits for the answers that are still to come. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.pending);
    this.agent.destroy();
  }
  path(number: number): string {
    return `/v1/items/${this.prefix}-${number}`;
  }
  get paths(): Set<string> {
    return new Set(Array.from({ length: this.sent }, (_, number) => this.path(number)));
  }

  /** One request; resolves when it was answered or failed. */
  send(number: number): Promise<void> {
    const begun = performance.now();
    const { hostname, port } = new URL(this.platform.outputs.api.url);
    const done = new Promise<void>((resolve) => {
      const failed = () => {
        this.failed++;
        resolve();
      };
      const asked = request(
        { hostname, port, path: this.path(number), agent: this.agent, timeout: 10_000 },
        (answer) => {
          answer.resume().once('end', () => {
            if (answer.statusCode !== 404) this.failed++;
            this.took.push(performance.now() - begun);
            resolve();
          });
          answer.once('error', failed);
        },
      );
      asked
        .once('error', failed)
        .once('timeout', () => asked.destroy(new Error('no answer')))
        .end();
    });
    this.pending.add(done);
    void done.then(() => this.pending.delete(done));
    return done;
  }
}

/** The value below which a share of all values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
