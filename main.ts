import { createContext } from './cli/context.js';
import { declare } from './cli/synth/declare.js';
import { writeDeclaration } from './cli/synth/write-declaration.js';
import { PlatformError } from './constructs/core/platform-error.js';
import { processEnv } from './environments/process-env.js';
import { readSite } from './environments/site.js';
import { project } from './project.js';

/** What `npx cdktf synth` and its sisters run. By itself it only writes the program. */
try {
  const context = createContext(project, {});
  const onNote = (note: string) => {
    console.error(`Note: ${note}`);
  };
  const outdir = processEnv['CDKTF_OUTDIR'];
  if (outdir === undefined) {
    const { environment, instance, paths } = context;
    const site = readSite(project.folder);
    writeDeclaration(await declare(project, { environment, instance, site, onNote }), paths.output);
  } else {
    const { synthesizeForCdktf } = await import('./cli/start/plain-cdktf.js');
    await synthesizeForCdktf(context, outdir, onNote);
  }
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
