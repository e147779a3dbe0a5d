/** npm, run before and without any dependency. */
import { join, resolve } from 'node:path';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import { readMirrors } from './mirrors.mjs';
import { stateFolder } from './paths.mjs';
import { findProgram, runProgram, userError } from './programs.mjs';
import { systemCertificates } from './system-certificates.mjs';

/** What Node says of a certificate whose authority it does not know. */
const UNKNOWN_AUTHORITY =
  /SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY)|self.signed certificate|unable to (?:get|verify)/i;

/**
 * Installs what the lock file of a folder names, and says so: on stderr, as stdout may be what a command was run for.
 * @param {{ cwd?: string, what?: string, say?: (line: string) => void, authorities?: () => Promise<string> }} [options]
 *   `what` is installed, for the message; `authorities` that the system trusts
 */
export async function installDependencies({
  cwd,
  what = 'the dependencies',
  say = console.error,
  authorities = systemCertificates,
} = {}) {
  const started = Date.now();
  say(`npm ci: installing ${what} (about a minute)`);
  try {
    await runNpm(cwd, {}).catch(async (/** @type {unknown} */ error) => {
      const env = await trusting(error, authorities);
      if (env === undefined) throw error;
      say("npm ci: a program takes connections apart here; trying again with the system's certificate authorities");
      await runNpm(cwd, env);
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw userError(
      `${what} could not be installed: ${said}`,
      UNKNOWN_AUTHORITY.test(said)
        ? 'Set NODE_EXTRA_CA_CERTS to a file with the certificate of your company (PEM), open a new terminal and run the command again.'
        : 'Check that the npm registry answers (`npm ping`) and run the command again.',
    );
  }
  say(`npm ci: done in ${Math.round((Date.now() - started) / 1000)} s`);
}

/**
 * @param {string | undefined} cwd
 * @param {Record<string, string>} env
 */
function runNpm(cwd, env) {
  // Tests and their tools are among what is needed, whatever NODE_ENV or a .npmrc say to npm.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  // Newer Nodes then ask Windows or macOS whom to trust, as browsers do.
  const registry = readMirrors().npm;
  const asked = registry === undefined ? {} : { npm_config_registry: registry };
  const options = { env: { NODE_USE_SYSTEM_CA: '1', ...asked, ...env }, ...(cwd === undefined ? {} : { cwd }) };
  return startNpm(args, options);
}

/** Where npm gets packages from: the site's mirror, or what npm itself is told. @returns {Promise<string>} */
export async function npmRegistry() {
  return readMirrors().npm ?? (await startNpm(['config', 'get', 'registry'], {})).trim();
}

/**
 * @param {readonly string[]} args
 * @param {Parameters<typeof runProgram>[2]} options
 */
function startNpm(args, options) {
  const npm = process.env['npm_execpath'];
  // Under `npm start` npm says where its JavaScript is, which starts without a shell.
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) return runProgram(process.execPath, [npm, ...args], options);
  return runProgram(findProgram('npm') ?? 'npm', args, options);
}

/**
 * What makes older Nodes trust whom the system trusts, if that is what failed.
 * @param {unknown} error
 * @param {() => Promise<string>} authorities
 */
async function trusting(error, authorities) {
  if (process.env['NODE_EXTRA_CA_CERTS'] || !(error instanceof Error) || !UNKNOWN_AUTHORITY.test(error.message)) return;
  const certificates = await authorities();
  if (certificates === '') return;
  const file = resolve(join(stateFolder, 'system-ca.pem'));
  writeWhole(file, certificates);
  return { NODE_EXTRA_CA_CERTS: file };
}
