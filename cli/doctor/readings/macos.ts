/**
 * Bytes that macOS could give to programs at once, from `vm_stat`: a page size in the heading, then `Pages free:   12345.` and so on. What
 * is inactive, speculative or purgeable is given up when it is wanted; Node's own number counts free pages alone.
 */
export function parseVmStat(text: string): number | undefined {
  const pageSize = /page size of (\d+) bytes/.exec(text)?.[1];
  const pages = ['free', 'inactive', 'speculative', 'purgeable'].map(
    (kind) => new RegExp(`^Pages ${kind}:\\s+(\\d+)\\.`, 'm').exec(text)?.[1],
  );
  if (pageSize === undefined || pages[0] === undefined) return undefined;
  return Number(pageSize) * pages.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

/** `sw_vers`: `ProductVersion:		14.6.1`. */
export function parseSwVers(text: string): string | undefined {
  return /^ProductVersion:\s*(\S+)/m.exec(text)?.[1];
}
