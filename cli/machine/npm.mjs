/** npm, run before and without any dependency. */
import { runProgram, userError } from './programs.mjs';

/**
 * Installs what the lock file of a folder names, and says so: on stderr, as stdout may be what a command was run for.
 * @param {{ cwd?: string, what?: string, say?: (line: string) => void }} [options] `what` is installed, for the message
 */
export async function installDependencies({ cwd, what = 'the dependencies', say = console.error } = {}) {
  const started = Date.now();
  say(`npm ci: installing ${what} (about a minute)`);
  const npm = process.env['npm_execpath'];
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = cwd === undefined ? {} : { cwd };
  try {
    // Node does not run npm.cmd without a shell; under `npm start` npm says where its JavaScript is.
    if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) await runProgram(process.execPath, [npm, ...args], options);
    else if (process.platform === 'win32')
      await runProgram(process.env['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', 'npm', ...args], options);
    else await runProgram('npm', args, options);
  } catch (error) {
    throw userError(
      `${what} could not be installed: ${error instanceof Error ? error.message : String(error)}`,
      'Check that the npm registry answers (`npm ping`) and run the command again.',
    );
  }
  say(`npm ci: done in ${Math.round((Date.now() - started) / 1000)} s`);
}
