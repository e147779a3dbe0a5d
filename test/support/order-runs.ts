import { Duration } from '../../constructs/core/units.js';
import { diagnose } from './diagnose.js';
import { describeOrder, type Fault, runOrder } from './fault-orders.js';
import { bringUp, Faults } from './faults.js';
import { note } from './live.js';
import type { Platform } from './platform.js';
import { shortest } from './shortest.js';

/** An order that fails by chance must get more than one chance while it is shortened. */
const TRIES = 2;
const REPAIRED_WITHIN = Duration.seconds(180);

/** Orders of faults one after the other; what fails is shortened, and the platform repaired for the next. */
export class OrderRuns {
  readonly failures: string[] = [];
  private orders = 0;
  private faults = 0;
  private acknowledged = 0;
  private readonly recovered: number[] = [];

  /** @param shorten whether to look for the shortest order that fails. @default true */
  constructor(
    private readonly platform: Platform,
    private readonly shorten = true,
  ) {}

  async run(order: readonly Fault[]): Promise<void> {
    const failure = await this.failureOf(order);
    if (failure === undefined) return;
    note(await diagnose(this.platform).catch(String));
    await this.repair();
    const least = this.shorten ? await shortest(order, (one) => this.fails(one)) : order;
    this.failures.push(`${failure}\n  in ${describeOrder(order)}\n  ORDER='${JSON.stringify(least)}'`);
    note(this.failures.at(-1) ?? '');
  }
  render(): string {
    const sorted = [...this.recovered].sort((a, b) => a - b);
    const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
    return (
      `${this.orders} orders, ${this.faults} faults, ${this.acknowledged} acknowledged, ${this.failures.length} failures; ` +
      `back after p50 ${at(0.5)} s, p95 ${at(0.95)} s, slowest ${at(1)} s`
    );
  }

  private async fails(order: readonly Fault[]): Promise<boolean> {
    for (let run = 0; run < TRIES; run++) {
      if ((await this.failureOf(order)) === undefined) continue;
      await this.repair();
      return true;
    }
    return false;
  }
  private async failureOf(order: readonly Fault[]): Promise<string | undefined> {
    const begun = Date.now();
    const result = await runOrder(this.platform, order).catch((error: unknown) => error as Error);
    const took = `${((Date.now() - begun) / 1000).toFixed(0)} s`;
    if (result instanceof Error) {
      note(`${describeOrder(order)}: FAILED after ${took}: ${result.message}`);
      return result.message;
    }
    this.orders++;
    this.faults += order.length;
    this.acknowledged += result.acknowledged;
    this.recovered.push(result.recovered);
    note(
      `${describeOrder(order)}: ${result.acknowledged} acknowledged, back after ${result.recovered.toFixed(1)} s ` +
        `(and ${result.tilted.toFixed(1)} s of TILT) [${took}]`,
    );
    return undefined;
  }
  private async repair(): Promise<void> {
    await new Faults(this.platform).undo();
    await bringUp(this.platform);
    await this.platform.healthy(REPAIRED_WITHIN);
  }
}
