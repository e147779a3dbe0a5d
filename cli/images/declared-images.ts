import { contentHash, foundationsOf, imageTag } from '../../constructs/core/content-hash.js';
import { dockerfile } from '../../constructs/core/dockerfile.js';
import { digestIn } from '../../constructs/core/image-lock.js';
import type { Topology } from '../../constructs/core/topology.js';

/** Every image that somebody declared, each with where. */
export interface DeclaredImages {
  /** What registries hold, by reference. */
  readonly pulled: ReadonlyMap<string, string>;
  /** Dockerfile by what it is built from without a digest: such a build is another one each time. */
  readonly floating: ReadonlyMap<string, string>;
  /** What is built here, with its content hash, by folder; with what it is built from. */
  readonly built: ReadonlyMap<string, string>;
}

/** Seeders run it, whatever the services have. */
const SEEDER_FOLDER = 'images/base';

/** The images of the services, and those that their images are built from. */
export function declaredImages(topologies: readonly Topology[]): DeclaredImages {
  const pulled = new Map<string, string>();
  const floating = new Map<string, string>();
  const built = new Map<string, string>();
  const addFolder = (folder: string): void => {
    if (built.has(folder)) return;
    built.set(folder, contentHash(folder));
    for (const reference of baseImagesOf(dockerfile(folder))) {
      (digestIn(reference) === undefined ? floating : pulled).set(reference, `${folder}/Dockerfile`);
    }
    for (const foundation of Object.values(foundationsOf(folder))) addFolder(foundation);
  };
  for (const { name, image } of topologies.flatMap(({ services }) => services)) {
    if (image.kind === 'directory') addFolder(image.from);
    else pulled.set(image.from, `the service ${name}`);
  }
  addFolder(SEEDER_FOLDER);
  return { pulled, floating, built };
}

/** Tags of the images that are built here and run, the seeders' included; not of those that only build others. */
export function builtImages({ services }: Topology): string[] {
  const folders = services.flatMap(({ image }) => (image.kind === 'directory' ? [image.from] : []));
  return [...new Set([...folders, SEEDER_FOLDER])].sort().map(imageTag);
}

/**
 * What the stages of a Dockerfile are built from, other than each other and `scratch`.
 * Arguments are the platform's own images, which have folders.
 */
export function baseImagesOf(text: string): string[] {
  const stages = new Set<string>(['scratch']);
  const bases = new Set<string>();
  for (const [, base = '', stage] of text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)) {
    if (!stages.has(base.toLowerCase()) && !base.includes('$')) bases.add(base);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return [...bases].sort();
}
