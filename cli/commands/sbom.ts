import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import { builtImages } from '../images/declared-images.js';
import { connectEngine } from '../engine/engine.js';
import { renderBom } from '../sbom/bom.js';
import { readImageFiles } from '../sbom/image-files.js';
import { declaredTopology } from '../synth/declared-topology.js';

export interface SbomOptions {
  /** The folder. @default .platform/sbom */
  readonly output?: string;
}

/**
 * Records what the images consist of that are built here and run: a CycloneDX file each.
 * @throws PlatformError if one has not been built
 */
export async function sbomCommand(context: Context, { output }: SbomOptions): Promise<number> {
  const folder = output ?? join('.platform', 'sbom');
  const engine = await connectEngine();
  mkdirSync(folder, { recursive: true });
  const { project, environment, instance } = context;
  const { logs } = readSite(project.folder);
  for (const image of builtImages(await declaredTopology(project, environment, { instance, logs }))) {
    const bom = await renderBom(image, await readImageFiles(engine, image));
    const path = join(folder, `${nameOf(image)}.cdx.json`);
    writeFileSync(path, bom);
    console.log(`${image}: ${path}`);
  }
  return 0;
}

/** `api` of `redis-platform.invalid/api:0123456789ab`. */
function nameOf(image: string): string {
  return image.replace(/^.*\//, '').replace(/:.*$/, '');
}
