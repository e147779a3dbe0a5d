import { PlatformError } from './constructs/core/platform-error.js';
import { select } from './environments/selection.js';
import { readSite } from './environments/site.js';
import { synthesize } from './stacks/synth.js';

/** What `npx cdktf synth` and its sisters run. */
try {
  synthesize({
    ...select(),
    site: readSite(process.cwd()),
    onNote: (note) => {
      console.error(`Note: ${note}`);
    },
  });
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
