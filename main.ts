import { createContext } from './cli/context.js';
import { PlatformError } from './constructs/core/platform-error.js';
import { processEnv } from './environments/process-env.js';
import { readSite } from './environments/site.js';
import { declare } from './stacks/declare.js';
import { writeDeclaration } from './stacks/write-declaration.js';

/** What `npx cdktf synth` and its sisters run. By itself it only writes the program. */
try {
  const context = createContext({});
  const onNote = (note: string) => {
    console.error(`Note: ${note}`);
  };
  const outdir = processEnv['CDKTF_OUTDIR'];
  if (outdir === undefined) {
    const { environment, instance, project, paths } = context;
    writeDeclaration(declare({ environment, instance, site: readSite(project), onNote }), paths.output);
  } else {
    const { synthesizeForCdktf } = await import('./cli/start/plain-cdktf.js');
    await synthesizeForCdktf(context, outdir, onNote);
  }
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
