/** What lines are marked with, the least first. */
export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export type Level = (typeof LEVELS)[number];

/** Other spellings, in lines that no program of the platform normalized. */
const SPELLINGS: Record<Level, readonly string[]> = {
  debug: ['trace'],
  info: ['notice'],
  warn: ['warning'],
  error: ['err'],
  fatal: ['alert', 'crit', 'critical', 'emerg', 'panic'],
};

export function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}

/** What a line's level means; what is unknown or absent counts as `info`. */
export function levelOf(text: unknown): Level {
  const lower = typeof text === 'string' ? text.toLowerCase() : '';
  return LEVELS.find((level) => level === lower || SPELLINGS[level].includes(lower)) ?? 'info';
}

/** How levels from `from` up to, not including, `to` are written in stored lines. */
export function spellings(from: Level, to?: Level): string[] {
  const levels = LEVELS.slice(LEVELS.indexOf(from), to && LEVELS.indexOf(to));
  return levels.flatMap((level) => [level, ...SPELLINGS[level]]).flatMap((text) => [text, text.toUpperCase()]);
}
