import { TEXT_STYLES } from './box.js';
import { type Colours, type Theme, THEMES } from './theme.js';

export type ThemeChoice = Theme | 'both';

/** Fonts that systems come with. */
const FONTS = `ui-sans-serif,system-ui,-apple-system,'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif`;

/** Both themes follow what the reader prefers. */
export function styleSheet(theme: ThemeChoice): string {
  if (theme !== 'both') return [...SHAPES, ...colours(THEMES[theme])].join('\n');
  return [
    ...SHAPES,
    ...colours(THEMES.light),
    '@media (prefers-color-scheme:dark){',
    ...colours(THEMES.dark),
    '}',
  ].join('\n');
}

const SHAPES: readonly string[] = [
  `text{font-family:${FONTS}}`,
  ...Object.entries(TEXT_STYLES).map(
    ([name, { size, weight }]) => `.${name}{font-size:${size}px${weight === 'bold' ? ';font-weight:bold' : ''}}`,
  ),
  '.box{stroke-width:1.5}',
  '.box.host{stroke-dasharray:6 4}',
  '.box.added,.box.removed,.box.changed{stroke-width:3}',
  '.box.removed{stroke-dasharray:8 5}',
  '.chip,.icon{stroke-width:1}',
  '.pill{stroke-width:1.5}',
  '.wire{fill:none;stroke-width:1.5}',
  '.wire.entry{stroke-width:2.5}',
  '.wire.implied{stroke-dasharray:5 4}',
  '.wire.volume{stroke-width:1.25}',
];

function colours({ page, text, muted, line, chip, kinds, marks }: Colours): string[] {
  const lines = { entry: kinds.entry.stroke, declared: line, implied: kinds.heap.stroke, volume: kinds.heap.stroke };
  return [
    `.page{fill:${page}}`,
    `.title,.body,.port{fill:${text}}`,
    `.muted{fill:${muted}}`,
    ...Object.entries(kinds).flatMap(([kind, { fill, stroke }]) => [
      `.box.${kind}{fill:${fill};stroke:${stroke}}`,
      `.chip.${kind},.pill.${kind},.icon.${kind}{fill:${chip};stroke:${stroke}}`,
    ]),
    ...Object.entries(marks).map(([mark, colour]) => `.box.${mark}{stroke:${colour}}`),
    ...Object.entries(lines).flatMap(([kind, colour]) => [
      `.wire.${kind}{stroke:${colour}}`,
      `.arrow.${kind},.junction.${kind}{fill:${colour}}`,
    ]),
  ];
}
