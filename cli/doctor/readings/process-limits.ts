/**
 * How many files a process may have open at most (its hard limit; a program raises the soft one by itself), from `/proc/PID/limits`.
 * @returns undefined where it does not say
 */
export function parseOpenFiles(text: string): number | undefined {
  const [, hard] = /^Max open files\s+\S+\s+(\d+|unlimited)/m.exec(text) ?? [];
  if (hard === undefined) return undefined;
  return hard === 'unlimited' ? Infinity : Number(hard);
}

/**
 * What `head` prints of several files, each below a line `==> NAME <==`.
 * @returns by name
 */
export function parseHeads(text: string): Readonly<Record<string, string>> {
  const parts = text.split(/^==> (.+) <==$/m);
  // What stands before the first heading, then headings and texts by turns.
  return Object.fromEntries(
    parts.flatMap((name, at) => (at % 2 === 1 ? [[name, (parts[at + 1] ?? '').trim()] as const] : [])),
  );
}
