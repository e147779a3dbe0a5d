import { posix } from 'node:path';
import { foundationsOf } from '../../constructs/core/content-hash.js';
import { isOfImage } from '../../constructs/core/image-context.js';
import type { ChangedFile, Hunk } from './changes.js';
import type { Cause, Finding } from './finding.js';
import type { SourceTree, Span } from './source-tree.js';

/** A line that caused a finding. */
export interface Where {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** `base`: the line is gone from the working tree. */
  readonly side: 'tree' | 'base';
}

/** The sources of both sides, and where they differ. */
export interface Sources {
  readonly before: SourceTree;
  readonly after: SourceTree;
  readonly changes: readonly ChangedFile[];
}

/** What declares a platform; tests, documents and commands do not. */
const DECLARING = /^(environments|stacks|constructs|policies|main\.ts)/;

/**
 * The source line that caused a finding: the environment's value if that is what changed, else the changed line that
 * speaks of it, else where the construct is made. Nothing rather than a guess that no change supports.
 */
export function locate({ cause }: Pick<Finding, 'cause'>, environment: string, sources: Sources): Where | undefined {
  const setting = changedSetting(cause, environment, sources);
  // A value that is gone leaves the decision to a default, which may have changed, too.
  return (
    (setting?.side === 'tree' ? setting : undefined) ??
    changedContent(cause, sources) ??
    changedLine(cause, environment, sources) ??
    setting ??
    construct(cause, sources)
  );
}

function changedSetting(
  { construct, section = construct?.split('/')[0], settings = [], environment = [] }: Cause,
  name: string,
  { before, after }: Sources,
): Where | undefined {
  const keys = [...environment, ...(section === undefined ? [] : settings.map((setting) => `${section}.${setting}`))];
  const path = `environments/${name}.ts`;
  for (const key of keys) {
    const [was, is] = [before, after].map((tree) => tree.setting(path, key.split('.')));
    if (was?.text === is?.text) continue;
    if (is) return { path, line: is.line, side: 'tree' };
    if (was) return { path, line: was.line, side: 'base' };
  }
  return undefined;
}

/** Of an image: its own files first, then those of the images that it is built from. */
function changedContent({ files = [] }: Cause, { changes }: Sources): Where | undefined {
  const folders = files.flatMap((file) => [file, ...foundations(file)]);
  for (const folder of folders) {
    // Documents and tests do not change an image.
    const first = changes.find(
      ({ path }) =>
        path === folder || (path.startsWith(`${folder}/`) && isOfImage(folder, path.slice(folder.length + 1))),
    );
    const hunk = first?.hunks[0];
    if (!first || !hunk) continue;
    const [added, removed] = [hunk.added[0], hunk.removed[0]];
    if (added !== undefined) return { path: first.path, line: added, side: 'tree' };
    if (removed !== undefined) return { path: first.path, line: removed, side: 'base' };
  }
  return undefined;
}

function foundations(folder: string): string[] {
  try {
    return Object.values(foundationsOf(folder));
  } catch {
    // No image, or gone.
    return [];
  }
}

function changedLine(cause: Cause, environment: string, sources: Sources): Where | undefined {
  const spans = (tree: SourceTree) => (cause.construct === undefined ? [] : tree.construct(cause.construct));
  const sides = [
    { side: 'tree', tree: sources.after, spans: spans(sources.after) },
    { side: 'base', tree: sources.before, spans: spans(sources.before) },
  ] as const;
  let best: { where: Where; score: number } | undefined;
  for (const { path, hunks } of sources.changes) {
    if (!DECLARING.test(path) || isOtherEnvironment(path, environment, sources)) continue;
    for (const hunk of hunks) {
      for (const { side, tree, spans: made } of sides) {
        for (const line of side === 'tree' ? hunk.added : hunk.removed) {
          const score = scoreOf(tree.line(path, line), path, line, cause, made) - (side === 'base' ? 0.5 : 0);
          if (score > (best?.score ?? 0)) best = { where: successor({ path, line, side }, hunk), score };
        }
      }
    }
  }
  return best?.where;
}

/** The line that took the place of one that is gone, if any did. */
function successor(where: Where, { removed, added }: Hunk): Where {
  if (where.side === 'tree') return where;
  const line = added[Math.min(removed.indexOf(where.line), added.length - 1)];
  return line === undefined ? where : { ...where, line, side: 'tree' };
}

/** `environments/dev.ts` has no say in `test`; `environments/schema.ts` may. */
function isOtherEnvironment(path: string, environment: string, { before, after }: Sources): boolean {
  if (!path.startsWith('environments/') || path === `environments/${environment}.ts`) return false;
  const [was, is] = [before, after].map((tree) => tree.setting(path, ['network', 'baseCidr']));
  return was !== undefined || is !== undefined;
}

/** How well a changed line explains a finding; 0 or less: not at all. */
function scoreOf(
  text: string,
  path: string,
  line: number,
  { words = [], names = [] }: Cause,
  made: readonly Span[],
): number {
  const content = text.trim();
  if (content === '' || /^(\/\/|\/?\*)/.test(content)) return 0;
  const innermost = made.at(-1);
  const within = made.findLast((span) => span.path === path && line >= span.first && line <= span.last);
  const first = words.findIndex((word) => word !== '' && content.includes(word));
  let score = first === -1 ? 0 : 12 - Math.min(first, 8);
  if (within) score += within === innermost ? 6 : 4;
  if (score === 0) return 0;
  score += names.filter((name) => name !== '' && content.includes(name)).length * 2;
  // Also what the construct is resolved and rendered by.
  if (made.some((span) => posix.dirname(span.path) === posix.dirname(path))) score += 2;
  if (/^import\b/.test(content) || /^[\])};,({[]*$/.test(content)) score -= 9;
  return score;
}

/** Where it is made, where something about it changed at all. */
function construct({ construct }: Cause, { before, after }: Sources): Where | undefined {
  if (construct === undefined) return undefined;
  for (const [side, tree] of [
    ['tree', after],
    ['base', before],
  ] as const) {
    const span = tree.construct(construct).at(-1);
    if (span) return { path: span.path, line: span.first, side };
  }
  return undefined;
}
