/**
 * Widths in em of DejaVu Sans Bold, rounded up. Nobody knows which font a browser takes for `sans-serif`; of those that
 * systems come with, this is the widest, so what fits by these numbers fits everywhere.
 */
const WIDTHS: readonly (readonly [characters: RegExp, em: number])[] = [
  [/[ijlI.,:;'|· ]/, 0.41],
  [/[ftr()[\]\-/!_*]/, 0.53],
  [/[csxzkvJ]/, 0.67],
  [/[abdeghnopquyL0-9]/, 0.73],
  [/[A-HK-LN-PR-VX-Z+<>=×]/, 0.86],
];
const WIDEST = 1.11;

/** Its regular weight is at most this much of the bold one. */
const REGULAR = 0.92;

/**
 * How much room a text needs at most.
 * @param size of the font, in pixels
 */
export function textWidth(text: string, size: number, weight: 'regular' | 'bold' = 'regular'): number {
  const em = Array.from(text).reduce(
    (sum, character) => sum + (WIDTHS.find(([characters]) => characters.test(character))?.[1] ?? WIDEST),
    0,
  );
  return Math.ceil(em * size * (weight === 'bold' ? 1 : REGULAR));
}
