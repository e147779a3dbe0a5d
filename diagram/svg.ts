import type { Topology } from '../constructs/core/topology.js';
import { type Box, CHIP_HEIGHT, ICON_WIDTH, type Item, type TextStyle } from './box.js';
import { describeGraph } from './describe.js';
import { type DiagramOptions, graphOf } from './graph.js';
import { type Layout, layOut, type Pill, PILL_HEIGHT, type Point, type Wire } from './layout.js';
import { layOutLegend, type LegendItem, LEGEND_ROW, SIGN_WIDTH } from './legend.js';
import { styleSheet, type ThemeChoice } from './style-sheet.js';

export interface SvgOptions extends DiagramOptions {
  /** `both` follows the reader's setting (prefers-color-scheme). @default 'both' */
  readonly theme?: ThemeChoice;
}

const MARGIN = 24;
const BOX_RADIUS = 8;
const BEND_RADIUS = 7;
const ARROW = 8;

/**
 * A topology as an SVG that needs nothing else: no font, no script, no address. The same topology gives the same text on
 * every machine, whatever the order of its lists.
 */
export async function renderSvg(topology: Topology, { theme = 'both', ...options }: SvgOptions = {}): Promise<string> {
  const graph = graphOf(topology, options);
  const layout = await layOut(graph);
  const legend = layOutLegend(layout, layout.width);
  const width = Math.max(layout.width, legend.width) + 2 * MARGIN;
  const height = layout.height + legend.height + 3 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(`Topology of ${graph.title}`)}</title>`,
    `<desc id="description">${escape(describeGraph(graph))}</desc>`,
    `<style>\n${styleSheet(theme)}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="${BOX_RADIUS}"/>`,
    ...group(Math.round((width - layout.width) / 2), MARGIN, drawLayout(layout)),
    ...group(Math.round((width - legend.width) / 2), layout.height + 2 * MARGIN, legend.items.flatMap(drawLegendItem)),
    '</svg>',
    '',
  ].join('\n');
}

function drawLayout({ boxes, pills, wires }: Layout): string[] {
  return [
    ...boxes.flatMap(({ x, y, ...box }) => group(x, y, drawBox(box))),
    ...wires.flatMap(drawWire),
    ...pills.map(drawPill),
  ];
}

function drawBox({ kind, mark, width, height, items }: Box): string[] {
  const classes = ['box', kind, ...(mark === undefined ? [] : [mark])].join(' ');
  return [
    `<rect class="${classes}" width="${width}" height="${height}" rx="${BOX_RADIUS}"/>`,
    ...items.map((item) => drawItem(item, kind)),
  ];
}

function drawItem(item: Item, kind: string): string {
  if (item.is === 'text') return drawText(item.x, item.y, item.style, item.text);
  if (item.is === 'icon') return (item.icon === 'volume' ? drawVolume : drawPlug)(item.x, item.y, kind);
  return drawChip(item.x, item.y, item.width, item.text, kind);
}

function drawText(x: number, y: number, style: TextStyle, text: string, middle = false): string {
  return `<text class="${style}" x="${x}" y="${y}"${middle ? ' text-anchor="middle"' : ''}>${escape(text)}</text>`;
}

function drawChip(x: number, y: number, width: number, text: string, kind: string): string {
  return (
    `<rect class="chip ${kind}" x="${x}" y="${y}" width="${width}" height="${CHIP_HEIGHT}" rx="5"/>` +
    (text === '' ? '' : drawText(x + width / 2, y + 15, 'body', text, true))
  );
}

function drawVolume(x: number, y: number, kind: string): string {
  const w = ICON_WIDTH;
  return (
    `<path class="icon ${kind}" d="M${x} ${y + 2}v9a${w / 2} 2.5 0 0 0 ${w} 0v-9"/>` +
    `<ellipse class="icon ${kind}" cx="${x + w / 2}" cy="${y + 2}" rx="${w / 2}" ry="2.5"/>`
  );
}

/** A small pill, as those on the borders. */
function drawPlug(x: number, y: number, kind: string): string {
  return `<rect class="icon ${kind}" x="${x}" y="${y + 2}" width="${ICON_WIDTH}" height="8" rx="4"/>`;
}

function drawPill({ box, x, y, width, text }: Pill): string {
  return (
    `<rect class="pill ${box.kind}" x="${x}" y="${y}" width="${width}" height="${PILL_HEIGHT}" rx="${PILL_HEIGHT / 2}"/>` +
    drawText(x + width / 2, y + 13, 'port', text, true)
  );
}

function drawWire({ kind, points, arrowAtStart, arrowAtEnd, junctions }: Wire): string[] {
  return [
    `<path class="wire ${kind}" d="${roundedPath(points)}"/>`,
    ...(arrowAtEnd ? [drawArrow(points.at(-1), points.at(-2), kind)] : []),
    ...(arrowAtStart ? [drawArrow(points[0], points[1], kind)] : []),
    ...junctions.map(({ x, y }) => `<circle class="junction ${kind}" cx="${x}" cy="${y}" r="3"/>`),
  ];
}

/** A triangle whose tip is at the end of a wire; markers would need a copy for each colour. */
function drawArrow(tip: Point | undefined, before: Point | undefined, kind: string): string {
  if (tip === undefined || before === undefined) return '';
  const [dx, dy] = [Math.sign(tip.x - before.x), Math.sign(tip.y - before.y)];
  const [x, y, half] = [tip.x - dx * ARROW, tip.y - dy * ARROW, ARROW / 2];
  return `<path class="arrow ${kind}" d="M${tip.x} ${tip.y}L${x + dy * half} ${y + dx * half}L${x - dy * half} ${y - dx * half}Z"/>`;
}

/** Straight pieces with rounded corners. */
function roundedPath(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const [start, end] = [towards(point, before), towards(point, after)];
      return `L${start.x} ${start.y}Q${point.x} ${point.y} ${end.x} ${end.y}`;
    })
    .join('');
}

/** A little way from a corner, at most half of it. */
function towards(corner: Point, other: Point): Point {
  const [dx, dy] = [other.x - corner.x, other.y - corner.y];
  const length = Math.abs(dx) + Math.abs(dy);
  const step = Math.min(BEND_RADIUS, Math.floor(length / 2));
  return { x: corner.x + Math.sign(dx) * step, y: corner.y + Math.sign(dy) * step };
}

function drawLegendItem({ x, y, sign, text }: LegendItem): string[] {
  const middle = y + LEGEND_ROW / 2;
  const label = (width: number) => drawText(x + width + 8, middle + 4, 'muted', text);
  if (sign.is === 'volume') return [drawVolume(x, middle - 7, 'data'), label(ICON_WIDTH)];
  if (sign.is === 'wire') {
    const arrow = sign.kind !== 'volume';
    const points = [
      { x, y: middle },
      { x: x + SIGN_WIDTH, y: middle },
    ];
    return [
      ...drawWire({ kind: sign.kind, points, arrowAtStart: false, arrowAtEnd: arrow, junctions: [] }),
      label(SIGN_WIDTH),
    ];
  }
  const shape = { box: `box ${sign.is === 'box' ? sign.kind : ''}`, pill: 'pill service', chip: 'chip service' }[
    sign.is
  ];
  const radius = { box: 4, pill: 8, chip: 4 }[sign.is];
  return [
    `<rect class="${shape}" x="${x}" y="${middle - 8}" width="${SIGN_WIDTH}" height="16" rx="${radius}"/>`,
    label(SIGN_WIDTH),
  ];
}

function group(x: number, y: number, lines: readonly string[]): string[] {
  return [`<g transform="translate(${x} ${y})">`, ...lines, '</g>'];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
