import { ICON_WIDTH, widthOf } from './box.js';
import type { Layout, WireKind } from './layout.js';
import type { Kind } from './theme.js';

/** What a sign in the picture means; only signs that are in it. */
export interface LegendItem {
  readonly x: number;
  readonly y: number;
  readonly sign: Sign;
  readonly text: string;
}

export type Sign =
  | { readonly is: 'box'; readonly kind: Kind }
  | { readonly is: 'wire'; readonly kind: WireKind }
  | { readonly is: 'pill' | 'chip' | 'volume' };

export interface Legend {
  readonly width: number;
  readonly height: number;
  readonly items: readonly LegendItem[];
}

export const SIGN_WIDTH = 28;
export const LEGEND_ROW = 24;
const NARROWEST = 640;
const TEXT_GAP = 8;
const COLUMN_GAP = 22;

const BOXES: readonly (readonly [Kind, string])[] = [
  ['entry', 'service that publishes ports'],
  ['service', 'service'],
  ['data', 'service that keeps data'],
];
const WIRES: readonly (readonly [WireKind, string])[] = [
  ['entry', 'published on this machine'],
  ['declared', 'allowed connection; there are no others'],
  ['implied', 'reachable, as it listens on all addresses'],
];

/** @param wanted the width of the picture; the legend may be wider than a narrow one */
export function layOutLegend({ boxes, pills, wires }: Layout, wanted: number): Legend {
  const isDrawn = (kind: Kind) => boxes.some((box) => box.kind === kind);
  const hasIcon = (icon: string) =>
    boxes.some(({ items }) => items.some((item) => item.is === 'icon' && item.icon === icon));
  const signs: [Sign, string][] = [
    ...BOXES.filter(([kind]) => isDrawn(kind)).map(([kind, text]): [Sign, string] => [{ is: 'box', kind }, text]),
    [{ is: 'chip' }, 'container'],
    ...(pills.length > 0 ? [[{ is: 'pill' }, 'endpoint: a port with a network of its own'] as [Sign, string]] : []),
    ...(hasIcon('volume') ? [[{ is: 'volume' }, 'volume'] as [Sign, string]] : []),
    ...WIRES.filter(([kind]) => wires.some((wire) => wire.kind === kind)).map(([kind, text]): [Sign, string] => [
      { is: 'wire', kind },
      text,
    ]),
    ...(isDrawn('heap') ? [[{ is: 'wire', kind: 'volume' }, 'written or read by several'] as [Sign, string]] : []),
  ];
  const limit = Math.max(wanted, NARROWEST);
  const items: LegendItem[] = [];
  let [x, y, width] = [0, 0, 0];
  for (const [sign, text] of signs) {
    const size = (sign.is === 'volume' ? ICON_WIDTH : SIGN_WIDTH) + TEXT_GAP + widthOf(text, 'muted');
    if (x > 0 && x + size > limit) [x, y] = [0, y + LEGEND_ROW];
    items.push({ x, y, sign, text });
    width = Math.max(width, x + size);
    x += size + COLUMN_GAP;
  }
  return { width, height: y + LEGEND_ROW, items };
}
