import { stripVTControlCharacters, styleText } from 'node:util';
import { processEnv } from '../../environments/process-env.js';

/** Paints text, or leaves it alone. */
export type Paint = (colour: 'green' | 'yellow' | 'red' | 'dim' | 'bold', text: string) => string;

export const PLAIN: Paint = (_, text) => text;

/** Colours on a terminal that shows them, unless NO_COLOR is set (no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const wanted = stream.isTTY === true && !processEnv['NO_COLOR'] && processEnv['TERM'] !== 'dumb';
  return wanted ? (colour, text) => styleText(colour, text) : PLAIN;
}

/** Lines with the columns aligned; colours take no room. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string[] {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(width)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd();
  return [paint('dim', line(header)), ...rows.map(line)];
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
