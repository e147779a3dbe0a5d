/**
 * Synthesizes several versions of the project's own sources in one process: packages are loaded once, which takes most of
 * the time. Arguments: the environment, then folders, each with stacks, constructs, environments and images. Each gets a folder `out`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { importPolicies } from '../../cli/bootstrap/bundles.mjs';

/** @typedef {{ declare: (options: object) => object, writeDeclaration: (declaration: object, outdir: string) => void, loadEnvironment: (name: string) => object, UNPREPARED_SITE: object }} Program */

const [environment = '', ...folders] = process.argv.slice(2);
for (const folder of folders) {
  const outfile = join(folder, 'program.mjs');
  await build({
    stdin: {
      contents: `
        export { declare } from './stacks/declare.js';
        export { writeDeclaration } from './stacks/write-declaration.js';
        export { loadEnvironment } from './environments/index.js';
        export { UNPREPARED_SITE } from './environments/site.js';`,
      resolveDir: folder,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins: [importPolicies],
    logLevel: 'error',
  });
  // An image's content is looked up from the project's folder.
  process.chdir(folder);
  /** @type {unknown} */
  const program = await import(pathToFileURL(outfile).href);
  const { declare, writeDeclaration, loadEnvironment, UNPREPARED_SITE } = /** @type {Program} */ (program);
  const declaration = declare({ environment: loadEnvironment(environment), site: UNPREPARED_SITE, policies: 'ignore' });
  writeDeclaration(declaration, join(folder, 'out'));
}
