import { THEMES } from './theme.js';

/** A page around an SVG: the program that a system has for `.svg` files need not be a browser. */
export function renderPage(title: string, svg: string): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<title>${title}</title>`,
    '<style>',
    `body{margin:0;min-height:100vh;display:grid;place-items:center;background:${THEMES.light.page}}`,
    `@media (prefers-color-scheme:dark){body{background:${THEMES.dark.page}}}`,
    'svg{max-width:100%;height:auto}',
    '</style>',
    svg.trimEnd(),
    '</html>',
    '',
  ].join('\n');
}
