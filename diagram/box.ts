import { counted, rangeOf, type Entry, type ServiceNode, type SharedVolumes } from './graph.js';
import type { Mark } from './graph.js';
import { textWidth } from './text-width.js';
import type { Kind } from './theme.js';

/** A rectangle with rows of text in it, before it has a place. Lengths are in pixels. */
export interface Box {
  readonly kind: Kind;
  readonly mark?: Mark | undefined;
  readonly width: number;
  readonly height: number;
  readonly items: readonly Item[];
}

/** What is in a box, relative to its upper left corner. */
export type Item =
  | { readonly is: 'text'; readonly x: number; readonly y: number; readonly style: TextStyle; readonly text: string }
  | { readonly is: 'chip'; readonly x: number; readonly y: number; readonly width: number; readonly text: string }
  | { readonly is: 'icon'; readonly x: number; readonly y: number; readonly icon: 'volume' | 'endpoint' };

/** How texts look. */
export const TEXT_STYLES = {
  title: { size: 15, weight: 'bold' },
  body: { size: 12, weight: 'regular' },
  muted: { size: 12, weight: 'regular' },
  port: { size: 11, weight: 'bold' },
} as const;
export type TextStyle = keyof typeof TEXT_STYLES;

export const CHIP_HEIGHT = 22;
export const ICON_WIDTH = 14;
const PADDING = 14;
const GAP = 6;
const ROW = 20;
/** Chips beyond this go to the next line. */
const CHIPS_WIDTH = 430;

export function widthOf(text: string, style: TextStyle): number {
  return textWidth(text, TEXT_STYLES[style].size, TEXT_STYLES[style].weight);
}

/** Name, containers, endpoints and volumes of a service. */
export function serviceBox(service: ServiceNode, publishes: boolean): Box {
  const { name, mark, instances, endpoints, volumes } = service;
  const rows = new Rows();
  rows.texts([['title', name], ...(mark === undefined ? [] : [['muted', mark] as const])]);
  rows.chips(instances.length > 6 ? [rangeOf(instances)] : instances);
  for (const { name: endpoint, port, subnet } of endpoints) {
    rows.texts(
      [
        ['body', `${endpoint} :${port}`],
        ['muted', subnet],
      ],
      'endpoint',
    );
  }
  for (const { path, count } of volumes)
    rows.texts(
      [
        ['body', path],
        ['muted', counted(count, 'volume')],
      ],
      'volume',
    );
  const kind = publishes ? 'entry' : volumes.length > 0 ? 'data' : 'service';
  return { kind, mark, ...rows.done() };
}

/** The machine that the platform runs on, with the ports that lead in. */
export function hostBox(address: string, entries: readonly Entry[]): Box {
  const rows = new Rows();
  rows.texts([
    ['title', 'your machine'],
    ['muted', address],
  ]);
  for (const { ports } of entries) {
    rows.chips(ports.map(({ name, first, last }) => `${first === last ? first : `${first}–${last}`} ${name}`));
  }
  return { kind: 'host', ...rows.done() };
}

/** Volumes that several services mount. */
export function heapBox({ paths, count }: SharedVolumes): Box {
  const rows = new Rows();
  rows.texts(
    [
      ['body', paths.join(', ')],
      ['muted', counted(count, 'volume')],
    ],
    'volume',
  );
  return { kind: 'heap', ...rows.done() };
}

/** Puts rows below each other. */
class Rows {
  private readonly items: Item[] = [];
  private width = 0;
  private bottom = PADDING - 4;

  /** Beside each other, on one base line. */
  texts(texts: readonly (readonly [TextStyle, string])[], icon?: 'volume' | 'endpoint'): void {
    let x = PADDING;
    const y = this.bottom + ROW - 5;
    if (icon !== undefined) {
      this.items.push({ is: 'icon', x, y: y - 10, icon });
      x += ICON_WIDTH + GAP;
    }
    for (const [style, text] of texts) {
      this.items.push({ is: 'text', x, y, style, text });
      x += widthOf(text, style) + GAP + 2;
    }
    this.grow(x - GAP - 2, ROW + 2);
  }

  chips(texts: readonly string[]): void {
    let x = PADDING;
    let y = this.bottom + 4;
    for (const text of texts) {
      const width = chipWidth(text);
      if (x > PADDING && x + width > PADDING + CHIPS_WIDTH) {
        x = PADDING;
        y += CHIP_HEIGHT + GAP;
      }
      this.items.push({ is: 'chip', x, y, width, text });
      x += width + GAP;
      this.width = Math.max(this.width, x - GAP);
    }
    this.grow(0, y + CHIP_HEIGHT + GAP - this.bottom);
  }

  done(): Pick<Box, 'width' | 'height' | 'items'> {
    return { width: this.width + PADDING, height: this.bottom + PADDING - 2, items: this.items };
  }

  private grow(right: number, height: number): void {
    this.width = Math.max(this.width, right);
    this.bottom += height;
  }
}

function chipWidth(text: string): number {
  return widthOf(text, 'body') + 16;
}
