/**
 * Synthesizes several versions of the project's own sources in one process: packages are loaded once, which takes most of
 * the time. Arguments: the environment, then folders, each with project.ts, what it imports, and images. Each gets a folder `out`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { importPolicies } from '../../cli/bootstrap/bundles.mjs';

/** @typedef {{ environments: readonly object[] }} Project */
/** @typedef {{ project: Project, declare: (project: Project, options: object) => Promise<object>, writeDeclaration: (declaration: object, outdir: string) => void, loadEnvironment: (environments: readonly object[], name: string) => object, UNPREPARED_SITE: object }} Program */

const [environment = '', ...folders] = process.argv.slice(2);
for (const folder of folders) {
  const outfile = join(folder, 'program.mjs');
  await build({
    stdin: {
      contents: `
        export { project } from './project.js';
        export { declare } from './cli/synth/declare.js';
        export { writeDeclaration } from './cli/synth/write-declaration.js';
        export { loadEnvironment } from './environments/selection.js';
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
  const { project, declare, writeDeclaration, loadEnvironment, UNPREPARED_SITE } = /** @type {Program} */ (program);
  const options = { environment: loadEnvironment(project.environments, environment), site: UNPREPARED_SITE };
  writeDeclaration(await declare(project, { ...options, policies: 'ignore' }), join(folder, 'out'));
}
