import { createHash, type Hash } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { PlatformError } from './platform-error.js';

/** Never part of an image's context. */
const IGNORED = new Set(['.git', 'node_modules', '.DS_Store']);

/** The images that others are built from, by the build argument that asks for them. */
const FOUNDATIONS = {
  BASE: 'images/base',
  GO_BUILDER: 'images/go-builder',
  LOG_TOOLS: 'images/log-tools',
  ES_NODE: 'images/es-node',
} as const;

export type Foundation = keyof typeof FOUNDATIONS;

/** One file of an image's context as every machine sees it. */
export interface ContextFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  /** With LF line ends where it is text. */
  readonly content: Buffer;
  /** Where a symbolic link points to; its content is then empty. */
  readonly link?: string;
}

/**
 * The tag of the image that a folder describes: `redis-platform/<name>:<hash of its content>`.
 * @param folder relative to the project
 * @throws PlatformError if the folder or its Dockerfile does not exist
 */
export function imageTag(folder: string): string {
  return `${imageName(folder)}:${contentHash(folder)}`;
}

/** The tag of the image that holds the same folder's tests. */
export function testImageTag(folder: string): string {
  return `${imageName(folder)}-test:${contentHash(folder)}`;
}

/** The folders of the images that this one is built from, by build argument. */
export function foundationsOf(folder: string): Partial<Record<Foundation, string>> {
  const declared = buildArgsOf(dockerfile(folder));
  return Object.fromEntries(Object.entries(FOUNDATIONS).filter(([argument]) => declared.has(argument)));
}

/** The build arguments that a Dockerfile declares. */
export function buildArgsOf(text: string): Set<string> {
  return new Set([...text.matchAll(/^\s*ARG\s+(\w+)/gim)].map((match) => match[1] ?? ''));
}

/** Its text, with LF line ends. */
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

/** A folder's files in an order that no platform changes. */
export function contextFiles(folder: string): ContextFile[] {
  const files: ContextFile[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      if (IGNORED.has(entry.name)) continue;
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else if (entry.isFile() || entry.isSymbolicLink()) files.push(readContextFile(folder, child, entry));
    }
  };
  visit('');
  // By code unit: a locale's order is not the same everywhere.
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** 12 hex digits over the folder's files and over the images that it is built from. */
export function contentHash(folder: string): string {
  const hash = createHash('sha256');
  for (const foundation of Object.values(foundationsOf(folder))) hash.update(`${contentHash(foundation)}\n`);
  for (const file of contextFiles(resolve(folder))) addFile(hash, file);
  return hash.digest('hex').slice(0, 12);
}

function addFile(hash: Hash, { path, content, link }: ContextFile): void {
  hash.update(`${path}\0${link ?? ''}\0${content.length}\0`).update(content);
}

function readContextFile(folder: string, path: string, entry: Dirent): ContextFile {
  const full = join(folder, path);
  if (entry.isSymbolicLink()) {
    return { path, content: Buffer.alloc(0), link: readlinkSync(full).replaceAll('\\', '/') };
  }
  return { path, content: withUnixLineEnds(readFileSync(full)) };
}

/** A checkout on Windows may have CRLF. Binary files, told as git does by a NUL near the start, stay as they are. */
function withUnixLineEnds(content: Buffer): Buffer {
  if (!content.includes('\r\n') || content.subarray(0, 8000).includes(0)) return content;
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

function imageName(folder: string): string {
  // What Docker allows in a name.
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  return `redis-platform/${name.replaceAll(/^-|-$/g, '')}`;
}
