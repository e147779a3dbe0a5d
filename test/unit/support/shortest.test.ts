import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shortest } from '../../support/shortest.js';

describe('the shortest list that fails', () => {
  it('is what all of the failure needs, in its order, whatever stands between', async () => {
    const lists = fc.tuple(
      fc.array(fc.integer({ min: 1, max: 9 })),
      fc.uniqueArray(fc.integer({ min: 10, max: 14 }), { minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(lists, fc.infiniteStream(fc.boolean()), async ([others, needed], mix) => {
        const all: number[] = [];
        const [rest, must] = [[...others], [...needed]];
        for (const first of mix) {
          const next = (first ? rest : must).shift() ?? rest.shift() ?? must.shift();
          if (next === undefined) break;
          all.push(next);
        }
        const fails = (some: readonly number[]) => Promise.resolve(needed.every((one) => some.includes(one)));
        expect(await shortest(all, fails)).toEqual(needed);
      }),
    );
  });

  it('is the whole where nothing can be spared, and is never empty', async () => {
    expect(await shortest([1, 2, 3], (some) => Promise.resolve(some.length === 3))).toEqual([1, 2, 3]);
    expect(await shortest([1, 2, 3], () => Promise.resolve(true))).toEqual([3]);
  });

  it('takes no more runs than there are elements', async () => {
    let runs = 0;
    await shortest([1, 2, 3, 4, 5], (some) => Promise.resolve(++runs > 0 && some.includes(4)));
    expect(runs).toBeLessThanOrEqual(5);
  });
});
