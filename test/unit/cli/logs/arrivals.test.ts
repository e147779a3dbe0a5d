import { describe, expect, it } from '@jest/globals';
import { Arrivals } from '../../../../cli/logs/arrivals.js';
import type { Hit } from '../../../../cli/logs/store.js';

const hit = (number: number, index = 'a'): Hit => ({ index, id: `${index}-${number}`, number, sort: [], line: {} });
const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id);

describe('arrivals', () => {
  it('are given once, however often they are found', () => {
    const arrivals = new Arrivals(new Map([['a', 4]]));
    expect(ids(arrivals.accept([hit(5), hit(6)], 0))).toEqual(['a-5', 'a-6']);
    expect(ids(arrivals.accept([hit(5), hit(6), hit(7)], 1000))).toEqual(['a-7']);
    expect(ids(arrivals.accept([hit(4)], 1000))).toEqual([]);
  });

  it('are asked for again for ten seconds, as a lower number may become visible after a higher one', () => {
    const arrivals = new Arrivals(new Map([['a', 4]]));
    arrivals.accept([hit(7)], 0);
    arrivals.settle(9999);
    expect(arrivals.since()).toEqual(new Map([['a', 4]]));
    expect(ids(arrivals.accept([hit(6), hit(7)], 9999))).toEqual(['a-6']);
    arrivals.settle(10_000);
    expect(arrivals.since()).toEqual(new Map([['a', 7]]));
  });

  it('are remembered for that long only', () => {
    const arrivals = new Arrivals(new Map());
    for (let second = 0; second < 600; second += 1) {
      arrivals.accept(
        Array.from({ length: 200 }, (_, each) => hit(second * 200 + each)),
        second * 1000,
      );
      arrivals.settle(second * 1000);
      expect(arrivals.size).toBeLessThanOrEqual(10 * 200);
    }
    expect(arrivals.size).toBe(10 * 200);
  });

  it('come from each index by its own numbers, from new ones from the first on', () => {
    const arrivals = new Arrivals(new Map([['a', 100]]));
    expect(ids(arrivals.accept([hit(0, 'b'), hit(101)], 0))).toEqual(['b-0', 'a-101']);
    arrivals.settle(10_000);
    expect(arrivals.since()).toEqual(new Map([['a', 101], ['b', 0]])); // prettier-ignore
  });

  it('count from the beginning in an index that was deleted and made anew', () => {
    const arrivals = new Arrivals(new Map([['a', 100]]));
    arrivals.accept([hit(101)], 0);
    arrivals.forgetDeleted(new Map([['a', 101]]));
    expect(arrivals.since().get('a')).toBe(100);
    arrivals.forgetDeleted(new Map([['a', 2]]));
    expect(arrivals.since().has('a')).toBe(false);
    expect(ids(arrivals.accept([{ ...hit(2), id: 'new' }], 1))).toEqual(['new']);
    arrivals.settle(20_000);
    expect(arrivals.since().get('a')).toBe(2);
  });
});
