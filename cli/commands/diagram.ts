import { extname, join } from 'node:path';
import type { Topology } from '../../constructs/core/topology.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { renderMermaid } from '../../diagram/mermaid.js';
import { renderPage } from '../../diagram/page.js';
import { readmePictures } from '../../diagram/readme.js';
import type { ThemeChoice } from '../../diagram/style-sheet.js';
import { renderSvg } from '../../diagram/svg.js';
import { loadEnvironment } from '../../environments/selection.js';
import { openInBrowser } from '../terminal/browser.js';
import type { Format } from '../terminal/choices.js';
import type { Context } from '../context.js';
import { declaredTopology } from '../synth/declared-topology.js';
import { type ResultOptions, writeResult } from '../terminal/result.js';

export interface DiagramCommandOptions extends ResultOptions {
  /** @default what the output file's ending says, else Mermaid */
  readonly format?: Format;
  /** Of an SVG. @default 'both' */
  readonly theme?: ThemeChoice;
  /** Show it in the browser. @default false */
  readonly open?: boolean;
  /** Renew the pictures in the README, which are of `dev`. @default false */
  readonly readme?: boolean;
}

/** Draws what the environment declares; needs neither an engine nor a deployment. */
export async function diagramCommand(context: Context, options: DiagramCommandOptions): Promise<number> {
  const { project, environment, instance } = context;
  if (options.readme) {
    const dev = await declaredTopology(project, loadEnvironment(project.environments, 'dev'));
    for (const [output, text] of await readmePictures(dev)) writeResult(text, { output });
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
  const topology = await declaredTopology(project, environment, { instance });
  const text = await render(topology, format, options.theme);
  // A browser shows it in place of stdout, not in place of a file.
  if (!options.open || output !== undefined) writeResult(text, options);
  if (options.open) {
    const page = join(project.folder, '.platform', 'diagram', `${context.name}.html`);
    writeResult(renderPage(`Topology of ${context.name}`, text), { output: page });
    await openInBrowser(page);
  }
  return 0;
}

function render(topology: Topology, format: Format, theme: ThemeChoice = 'both'): Promise<string> {
  return format === 'svg' ? renderSvg(topology, { theme }) : Promise.resolve(renderMermaid(topology));
}

/** What a file's ending says. */
export function formatOf(output: string | undefined): Format {
  return output !== undefined && extname(output).toLowerCase() === '.svg' ? 'svg' : 'mermaid';
}
