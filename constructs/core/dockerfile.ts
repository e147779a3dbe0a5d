import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withUnixLineEnds } from './lines.js';
import { PlatformError } from './platform-error.js';

/** The stage that holds an image's tests. */
export const TESTS = 'test';

export interface Stage {
  readonly text: string;
  readonly name: string | undefined;
  /** What it begins with or copies from: other stages, or images. */
  readonly sources: readonly string[];
}

/**
 * A folder's Dockerfile, with LF line ends.
 * @throws PlatformError if there is none
 */
export function dockerfile(folder: string): string {
  const path = join(resolve(folder), 'Dockerfile');
  if (!existsSync(path)) {
    throw new PlatformError({
      what: 'an image has no Dockerfile',
      got: folder,
      allowed: 'a folder, relative to the project, with a file `Dockerfile`',
      fix: 'Check the path in ContainerImage.fromDirectory().',
    });
  }
  return withUnixLineEnds(readFileSync(path)).toString();
}

/** The build arguments that a Dockerfile declares. */
export function buildArgsOf(text: string): Set<string> {
  return new Set([...text.matchAll(/^\s*ARG\s+(\w+)/gim)].map((match) => match[1] ?? ''));
}

/** Its stages, and what is above the first one. */
export function parseStages(text: string): { head: string; stages: Stage[] } {
  // (Without the line feed, a first line that is a FROM would not be split off.)
  const [head = '', ...parts] = `\n${text}`.split(/^(?=FROM\s)/im);
  const stages = parts.map((part): Stage => {
    const [, base = '', name] = /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(part) ?? [];
    const copied = [...part.matchAll(/^\s*COPY\s+(?:--\S+\s+)*?--from=(\S+)/gim)].map(([, from = '']) => from);
    return { text: part, name, sources: [base, ...copied] };
  });
  return { head: head.slice(1), stages };
}

/**
 * A Dockerfile without its tests: they are no part of the image, and the old builder would run every stage above the last one, needed or
 * not, which takes minutes.
 */
export function withoutTests(text: string): string {
  const { head, stages } = parseStages(text);
  const others = stages.filter(({ name }) => name !== TESTS);
  return head + others.map((stage) => stage.text).join('');
}
