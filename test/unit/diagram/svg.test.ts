import { describe, expect, test } from '@jest/globals';
import { renderPage } from '../../../diagram/page.js';
import { TEXT_STYLES, type TextStyle } from '../../../diagram/box.js';
import { graphOf } from '../../../diagram/graph.js';
import { layOut } from '../../../diagram/layout.js';
import { renderSvg } from '../../../diagram/svg.js';
import { textWidth } from '../../../diagram/text-width.js';
import { type Theme, THEMES } from '../../../diagram/theme.js';
import { LARGE, sketchTopology, turned } from '../../support/topologies.js';

const large = sketchTopology(LARGE);

test('the same topology gives the same text, whatever the order of its lists', async () => {
  expect(await renderSvg(turned(large))).toBe(await renderSvg(large));
});

test('an SVG needs nothing from elsewhere and runs nothing', async () => {
  const svg = await renderSvg(large);
  const addresses = svg.match(/\b(?:https?:|data:|url\(|href|@import|@font-face|<script|<foreignObject)[^"]*/g);
  expect(addresses).toEqual(['http://www.w3.org/2000/svg']);
});

test('it says in words what it shows', async () => {
  const svg = await renderSvg(large);
  expect(svg).toContain('role="img" aria-labelledby="title description"');
  expect(svg).toContain('<title id="title">Topology of sketch</title>');
  const description = /<desc id="description">(.*)<\/desc>/.exec(svg)?.[1] ?? '';
  expect(description).toContain('Clients on 127.0.0.1 reach proxy: grafana on 3000');
  expect(description).toContain('api may connect to redis on 6379.');
  expect(description).toContain('proxy, redis, redis-sentinel write to volumes at /var/log/app, which filebeat read.');
});

test('the reader chooses the theme where both are in it', async () => {
  const [both, light, dark] = await Promise.all([
    renderSvg(large),
    renderSvg(large, { theme: 'light' }),
    renderSvg(large, { theme: 'dark' }),
  ]);
  expect(both.indexOf(THEMES.light.page)).toBeLessThan(both.indexOf('@media (prefers-color-scheme:dark)'));
  expect(both.indexOf('@media (prefers-color-scheme:dark)')).toBeLessThan(
    both.indexOf(`.page{fill:${THEMES.dark.page}}`),
  );
  expect(light).not.toMatch(new RegExp(`@media|${THEMES.dark.page}`));
  expect(dark).not.toMatch(new RegExp(`@media|${THEMES.light.page}`));
});

test('names that mean something to XML do no harm', async () => {
  const svg = await renderSvg(sketchTopology([{ name: 'a<b>&"c"' }]));
  expect(svg).toContain('>a&lt;b&gt;&amp;&quot;c&quot;</text>');
  expect(svg).not.toContain('a<b>');
});

test('marked services look different and say why', async () => {
  const marks = new Map([
    ['kibana', 'added'],
    ['grafana', 'removed'],
    ['redis', 'changed'],
  ] as const);
  const svg = await renderSvg(large, { marks });
  for (const mark of marks.values()) {
    expect(svg).toMatch(new RegExp(`<rect class="box \\w+ ${mark}"`));
    expect(svg).toContain(`>${mark}</text>`);
  }
});

test('a page around it fits its text into the same colours', async () => {
  const page = renderPage('Topology of dev', await renderSvg(large));
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('<title>Topology of dev</title>');
  expect(page).toContain('<svg ');
});

describe('layout', () => {
  const layout = layOut(graphOf(large));

  test('no text leaves its box', async () => {
    const { boxes, pills } = await layout;
    expect(boxes).toHaveLength(14);
    for (const box of boxes) {
      for (const item of box.items) {
        if (item.is === 'icon') continue;
        const room = item.is === 'chip' ? item.width : box.width - item.x;
        const style: TextStyle = item.is === 'chip' ? 'body' : item.style;
        const { size, weight } = TEXT_STYLES[style];
        const needed = textWidth(item.text, size, weight);
        expect({ text: item.text, fits: needed + 8 <= room }).toEqual({ text: item.text, fits: true });
        expect(item.x + (item.is === 'chip' ? item.width : needed)).toBeLessThan(box.width);
        expect(item.y).toBeLessThan(box.height);
      }
    }
    for (const { text, width } of pills) expect(textWidth(text, 11, 'bold')).toBeLessThan(width);
  });

  test('boxes do not overlap', async () => {
    const { boxes } = await layout;
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        const apart =
          one.x + one.width < other.x ||
          other.x + other.width < one.x ||
          one.y + one.height < other.y ||
          other.y + other.height < one.y;
        expect(apart).toBe(true);
      }
    }
  });

  test('requests run from the top to the bottom', async () => {
    const { boxes } = await layout;
    const top = (name: string) =>
      boxes.find(({ items }) =>
        items.some((item) => item.is === 'text' && item.style === 'title' && item.text === name),
      )?.y ?? NaN;
    const chain = ['your machine', 'proxy', 'api', 'redis'].map(top);
    expect(chain).toEqual([...chain].sort((a, b) => a - b));
    expect(new Set(chain).size).toBe(4);
  });

  test('every connection is drawn, and two that lead there and back are one wire', async () => {
    const { wires, boxes } = await layout;
    const { links, shared, entries } = graphOf(large);
    const wanted =
      links.length + entries.length + shared.flatMap(({ writers, readers }) => [...writers, ...readers]).length;
    // redis and redis-sentinel reach each other.
    expect(wires).toHaveLength(wanted - 1);
    expect(wires.filter(({ arrowAtStart, arrowAtEnd }) => arrowAtStart && arrowAtEnd)).toHaveLength(1);
    for (const { points } of wires) {
      for (const [index, { x, y }] of points.slice(1).entries()) {
        const before = points[index];
        expect(x === before?.x || y === before?.y).toBe(true);
      }
    }
    expect(boxes.filter(({ kind }) => kind === 'heap')).toHaveLength(1);
  });
});

describe('contrast', () => {
  const cases = Object.entries(THEMES).flatMap(([theme, { page, text, muted, line, chip, kinds, marks }]) => {
    const fills = Object.values(kinds).map(({ fill }) => fill);
    return [
      ...[page, chip, ...fills].map((behind) => [theme, 'text', text, behind, 4.5] as const),
      ...[page, ...fills].map((behind) => [theme, 'muted text', muted, behind, 4.5] as const),
      ...[line, ...Object.values(kinds).map(({ stroke }) => stroke), ...Object.values(marks)].map(
        (colour) => [theme, 'line', colour, page, 3] as const,
      ),
      ...Object.values(kinds).map(({ fill, stroke }) => [theme, 'border', stroke, fill, 3] as const),
    ];
  });
  test.each(cases)('%s: %s %s on %s reaches %d', (theme: string, _what, colour, behind, least) => {
    expect(theme as Theme).toMatch(/light|dark/);
    expect(contrast(colour, behind)).toBeGreaterThanOrEqual(least);
  });
});

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
