import { digestIn, type ImageLock } from '../../constructs/core/image-lock.js';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { DeclaredImages } from '../images/declared-images.js';

/** Asks a registry what a reference means. */
export type Resolve = (reference: string, declaredAt: string) => Promise<string>;

/**
 * The lock as it should be. What is locked stays: a tag that came to mean something else is no reason for a change.
 * @param update ask about locked tags too
 * @returns also what could not be resolved; such an image keeps the digest that it had
 */
export async function renewLock(
  declared: DeclaredImages,
  lock: ImageLock,
  resolve: Resolve,
  { update = false }: { readonly update?: boolean } = {},
): Promise<{ readonly lock: ImageLock; readonly problems: readonly Problem[] }> {
  const pulled: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [reference, declaredAt] of declared.pulled) {
    const locked = digestIn(reference) ?? (Object.hasOwn(lock.pulled, reference) ? lock.pulled[reference] : undefined);
    if (locked !== undefined) pulled[reference] = locked;
    if (digestIn(reference) !== undefined || (locked !== undefined && !update)) continue;
    try {
      pulled[reference] = await resolve(reference, declaredAt);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      problems.push(...error.problems);
    }
  }
  return { lock: { formatVersion: 1, pulled, built: Object.fromEntries(declared.built) }, problems };
}

/** One line for each image that differs. */
export function describeChanges(before: ImageLock, after: ImageLock): string[] {
  return (['pulled', 'built'] as const).flatMap((part) => {
    const images = [...new Set([...Object.keys(before[part]), ...Object.keys(after[part])])].sort();
    return images.flatMap((image) => {
      const [old, now] = [before[part][image], after[part][image]];
      if (old === now) return [];
      return [`${image}: ${old ?? 'not locked'} -> ${now ?? 'no longer declared'}`];
    });
  });
}
