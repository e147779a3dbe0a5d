import type { Marks } from './query.js';
import type { Hit } from './store.js';

/**
 * Lines that are written at the same moment become visible in any order, so numbers may have holes that are filled
 * soon: at the store's next refresh, a second later unless it is very busy.
 */
const SETTLED_MS = 10_000;

/**
 * Tells which lines are new. What arrived in the last ten seconds is asked for again each time, and what was seen
 * already is dropped; only those seconds' lines are remembered.
 */
export class Arrivals {
  /** Highest numbers by when they were seen, oldest first. */
  private readonly history: { at: number; marks: Map<string, number> }[] = [];
  /** Numbers by id, above the floor. */
  private seen = new Map<string, Hit>();
  private floor: Map<string, number>;

  /** @param start what had arrived before, and is not new */
  constructor(start: Marks) {
    this.floor = new Map(start);
  }

  /** Later lines have higher numbers, indices that are missing here are new as a whole. */
  since(): Marks {
    return this.floor;
  }

  /** How many lines are remembered. */
  get size(): number {
    return this.seen.size;
  }

  /** @returns those that were never given before */
  accept(hits: readonly Hit[], at: number): Hit[] {
    const fresh = hits.filter((hit) => !this.seen.has(hit.id) && hit.number > (this.floor.get(hit.index) ?? -1));
    if (fresh.length === 0) return [];
    const marks = new Map(this.history.at(-1)?.marks ?? this.floor);
    for (const hit of fresh) {
      this.seen.set(hit.id, hit);
      marks.set(hit.index, Math.max(hit.number, marks.get(hit.index) ?? -1));
    }
    this.history.push({ at, marks });
    return fresh;
  }

  /** To be called when the store was asked successfully: while it is away, nothing settles. */
  settle(at: number): void {
    const settled = this.history.filter((entry) => entry.at <= at - SETTLED_MS);
    const last = settled.at(-1);
    if (!last) return;
    this.history.splice(0, settled.length);
    this.floor = new Map(last.marks);
    this.seen = new Map([...this.seen].filter(([, { index, number }]) => number > (this.floor.get(index) ?? -1)));
  }

  /** An index that was deleted and made anew counts from the beginning again. @param now how far each index is */
  forgetDeleted(now: Marks): void {
    for (const [index, number] of this.floor) {
      if ((now.get(index) ?? -1) >= number) continue;
      this.floor.delete(index);
      for (const { marks } of this.history) marks.delete(index);
    }
  }
}
