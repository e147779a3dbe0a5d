import { textOf } from './line.js';
import { containsText, type Marks, newestQuery, PAGE } from './query.js';
import type { Selection } from './selection.js';
import type { Hit, LogStore } from './store.js';

/**
 * The newest lines, oldest of them first.
 * @param upTo leaves out what arrived later
 * @returns `more`: whether older lines were left out for the limit
 */
export async function readNewest(
  store: LogStore,
  selection: Selection,
  { limit, upTo, stop }: { limit: number; upTo?: Marks; stop: AbortSignal },
): Promise<{ hits: Hit[]; more: boolean }> {
  const hits: Hit[] = [];
  let after: readonly unknown[] | undefined;
  while (upTo?.size !== 0 && hits.length <= limit) {
    const page = await store.search(newestQuery(selection, upTo, after), stop);
    hits.push(...page.filter((hit) => isWanted(hit, selection)));
    after = page.at(-1)?.sort;
    if (page.length < PAGE) break;
  }
  return { hits: hits.slice(0, limit).reverse(), more: hits.length > limit };
}

export function isWanted({ line }: Hit, { grep }: Selection): boolean {
  return !grep || containsText(textOf(line, 'message'), grep);
}
