import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import type { Topology } from '../../constructs/core/topology.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { renderMermaid } from '../../diagram/mermaid.js';
import { renderPage } from '../../diagram/page.js';
import { readmePictures } from '../../diagram/readme.js';
import type { ThemeChoice } from '../../diagram/style-sheet.js';
import { renderSvg } from '../../diagram/svg.js';
import { declaredTopology } from '../../stacks/declared-topology.js';
import { openInBrowser } from '../browser.js';
import type { Context } from '../context.js';

export const FORMATS = ['mermaid', 'svg'] as const;
export type Format = (typeof FORMATS)[number];

export interface DiagramCommandOptions {
  /** @default what the output file's ending says, else Mermaid */
  readonly format?: Format;
  /** @default stdout */
  readonly output?: string;
  /** Of an SVG. @default 'both' */
  readonly theme?: ThemeChoice;
  /** Show it in the browser. @default false */
  readonly open?: boolean;
  /** Renew the pictures in the README, which are of `dev`. @default false */
  readonly readme?: boolean;
}

/** Draws what the environment declares; needs neither an engine nor a deployment. */
export async function diagramCommand(context: Context, options: DiagramCommandOptions): Promise<number> {
  if (options.readme) {
    for (const [path, text] of await readmePictures()) write(path, text);
    return 0;
  }
  const { output } = options;
  const format = options.format ?? (options.open ? 'svg' : formatOf(output));
  if (options.open && format !== 'svg') {
    throw new PlatformError({
      what: 'only an SVG can be opened: browsers cannot draw Mermaid on their own',
      fix: 'Leave out --format, or paste the text into a page that draws Mermaid, such as one on GitHub.',
    });
  }
  const topology = declaredTopology(context.environment, context);
  const text = await render(topology, format, options.theme);
  if (output !== undefined) write(output, text);
  if (options.open) {
    const page = join(context.project, '.platform', 'diagram', `${context.name}.html`);
    write(page, renderPage(`Topology of ${context.name}`, text));
    await openInBrowser(page);
  } else if (output === undefined) process.stdout.write(text);
  return 0;
}

function render(topology: Topology, format: Format, theme: ThemeChoice = 'both'): Promise<string> {
  return format === 'svg' ? renderSvg(topology, { theme }) : Promise.resolve(renderMermaid(topology));
}

/** What a file's ending says. */
export function formatOf(output: string | undefined): Format {
  return output !== undefined && extname(output).toLowerCase() === '.svg' ? 'svg' : 'mermaid';
}

function write(path: string, text: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
