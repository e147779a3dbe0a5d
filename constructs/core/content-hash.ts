import { createHash, type Hash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { buildArgsOf, dockerfile } from './dockerfile.js';
import { type BuildOf, type ContextFile, contextFiles } from './image-context.js';

/**
 * The registry of the images that are built here. There is none: `.invalid` never resolves (RFC 2606), so whatever is told to pull such an
 * image, be it Terraform's provider, fails at once, and nobody else can offer one of that name.
 */
export const BUILT_HERE = 'redis-platform.invalid';

/** The images that others are built from, by the build argument that asks for them. */
const FOUNDATIONS = {
  BASE: 'images/base',
  GO_BUILDER: 'images/go-builder',
  LOG_TOOLS: 'images/log-tools',
  ES_NODE: 'images/es-node',
  REDIS: 'images/redis',
} as const;

export type Foundation = keyof typeof FOUNDATIONS;

/**
 * The tag of the image that a folder describes: `redis-platform.invalid/<name>:<hash of what it is built from>`.
 * @param folder relative to the project
 * @throws PlatformError if the folder or its Dockerfile does not exist, or its `.dockerignore` cannot be read
 */
export function imageTag(folder: string): string {
  return `${imageName(folder)}:${contentHash(folder)}`;
}

/** The tag of the image that runs the same folder's tests. */
export function testImageTag(folder: string): string {
  return `${imageName(folder)}-test:${contentHash(folder, 'tests')}`;
}

/** The folders of the images that this one is built from, by build argument. */
export function foundationsOf(folder: string): Partial<Record<Foundation, string>> {
  const declared = buildArgsOf(dockerfile(folder));
  return Object.fromEntries(Object.entries(FOUNDATIONS).filter(([argument]) => declared.has(argument)));
}

/** 12 hex digits over what a build is sent and over the images that it is built from. */
export function contentHash(folder: string, of: BuildOf = 'image'): string {
  const hash = createHash('sha256');
  for (const foundation of Object.values(foundationsOf(folder))) hash.update(`${contentHash(foundation)}\n`);
  for (const file of contextFiles(folder, of)) addFile(hash, file);
  return hash.digest('hex').slice(0, 12);
}

function addFile(hash: Hash, { path, content, link }: ContextFile): void {
  hash.update(`${path}\0${link ?? ''}\0${content.length}\0`).update(content);
}

function imageName(folder: string): string {
  // What Docker allows in a name.
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  return `${BUILT_HERE}/${name.replaceAll(/^-|-$/g, '')}`;
}
