import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processEnv } from '../../environments/process-env.js';
import { siteFile } from '../../environments/site.js';
import type { Context } from '../context.js';
import { fingerprint } from '../bootstrap/bundles.mjs';

/** What each shell and npm set anew. No declaration can depend on it. */
const VOLATILE = /^(?:npm_.*|INIT_CWD|PWD|OLDPWD|SHLVL|_)$/i;

/**
 * Hash of all that a declaration is made from: with the same key it need not be made again to know what it says.
 * @returns nothing where the program is not the bundle, whose folder is named after its sources
 */
export function declarationKey({ project, paths }: Context): string | undefined {
  const build = basename(dirname(fileURLToPath(import.meta.url)));
  if (!/^[0-9a-f]{16}$/.test(build)) return undefined;
  return keyOf({ build, project: project.folder, stack: paths.stack, variables: processEnv, today: new Date() });
}

export interface Sources {
  /** Of the program. */
  readonly build: string;
  /** Whose images' folders, lock of images and part of this machine count. */
  readonly project: string;
  /** Folder of the topology, which is read in the place of the declaration. */
  readonly stack: string;
  /** Environments may ask for any. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Exceptions from policies end with a day. */
  readonly today: Date;
}

export function keyOf({ build, project, stack, variables, today }: Sources): string {
  const lasting = Object.entries(variables).filter(([name]) => !VOLATILE.test(name));
  const hash = createHash('sha256')
    .update(build)
    .update(fingerprint([join(project, 'images')], /./));
  hash.update(today.toDateString()).update(JSON.stringify(lasting.sort()));
  for (const file of [siteFile(project), join(project, 'images.lock.json'), join(stack, 'topology.json')]) {
    hash.update(existsSync(file) ? readFileSync(file) : 'none');
  }
  return hash.digest('hex');
}
