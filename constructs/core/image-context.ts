import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DockerIgnore } from './docker-ignore.js';
import { withoutTests } from './dockerfile.js';
import { withUnixLineEnds } from './lines.js';

/** Never part of a context. */
const NEVER = new Set(['.git', 'node_modules', '.DS_Store']);

const DOCKERFILE = 'Dockerfile';
const IGNORE_FILE = '.dockerignore';

/** What is built from a folder: its image, or the image that runs its tests. */
export type BuildOf = 'image' | 'tests';

/** One file of a build's context as every machine sees it. */
export interface ContextFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  /** With LF line ends where it is text. */
  readonly content: Buffer;
  /** Where a symbolic link points to; its content is then empty. */
  readonly link?: string;
}

/**
 * What a build is sent, and what its tag is a hash of, in an order that no platform changes. For an image that is the Dockerfile, without its
 * tests, and what `.dockerignore` leaves; for its tests, the whole folder. The `.dockerignore` itself is in neither: it is applied here.
 * @throws PlatformError with every line of the `.dockerignore` that is no pattern
 */
export function contextFiles(folder: string, of: BuildOf = 'image'): ContextFile[] {
  const ignore = of === 'image' ? readDockerIgnore(folder) : undefined;
  const files: ContextFile[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (NEVER.has(entry.name) || child === IGNORE_FILE) continue;
      if (entry.isDirectory()) {
        if (!ignore?.ignoresAllOf(child)) visit(child);
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        if (child === DOCKERFILE || !ignore?.ignores(child)) files.push(readContextFile(folder, child, entry, of));
      }
    }
  };
  visit('');
  // By code unit: a locale's order is not the same everywhere.
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a file, there or not, is part of an image that is built from a folder, as its `.dockerignore` is now. */
export function isOfImage(folder: string, path: string): boolean {
  return path === DOCKERFILE || (path !== IGNORE_FILE && readDockerIgnore(folder)?.ignores(path) !== true);
}

function readDockerIgnore(folder: string): DockerIgnore | undefined {
  const file = join(folder, IGNORE_FILE);
  return existsSync(file) ? DockerIgnore.parse(readFileSync(file, 'utf8'), `${folder}/${IGNORE_FILE}`) : undefined;
}

function readContextFile(folder: string, path: string, entry: Dirent, of: BuildOf): ContextFile {
  const full = join(folder, path);
  if (entry.isSymbolicLink()) {
    return { path, content: Buffer.alloc(0), link: readlinkSync(full).replaceAll('\\', '/') };
  }
  const content = withUnixLineEnds(readFileSync(full));
  if (path !== DOCKERFILE || of === 'tests') return { path, content };
  return { path, content: Buffer.from(withoutTests(content.toString())) };
}
