/**
 * Leaves out of a list what is not needed for it to fail: one element after the other, from the front.
 * @param all fails
 */
export async function shortest<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let least = all;
  for (let at = 0; at < least.length && least.length > 1;) {
    const without = least.filter((_, index) => index !== at);
    if (await fails(without)) least = without;
    else at++;
  }
  return least;
}
