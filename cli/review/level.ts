/** How dangerous a change is, most dangerous first. */
export const LEVELS = ['data', 'exposure', 'availability', 'image', 'cost', 'other'] as const;

export type Level = (typeof LEVELS)[number];

/** What each level means, for legends and `--help`. */
export const LEVEL_MEANINGS: Readonly<Record<Level, string>> = {
  data: 'data can be lost or is no longer used',
  exposure: 'more can be reached, or is protected less',
  availability: 'something stops, restarts, or fails more easily',
  image: 'another image or version runs',
  cost: 'more or less memory and CPU is reserved',
  other: 'everything else',
};

/** Whether a level is as dangerous as another one, or more. */
export function isAtLeast(level: Level, threshold: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(threshold);
}
