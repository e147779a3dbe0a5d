/** What would end a command half-way, in words that help nobody, if it were not looked at first. No dependencies. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder, stateFolder } from './paths.mjs';
import { compareVersions, userError } from './programs.mjs';

/** From here on Node heeds NODE_USE_ENV_PROXY. */
const PROXY_NODES = { 22: '22.21', 24: '24.0' };

/**
 * Whoever ran a command as root once has files of root's, which nobody else may change. Deeper ones are as those above them: this runs
 * with each command.
 * @param {readonly string[]} [folders]
 * @throws PlatformError
 */
export function refuseForeignFiles(folders = ['node_modules', stateFolder, 'cdktf.out', cacheFolder()]) {
  if (process.platform === 'win32' || process.getuid?.() === 0) return;
  const paths = folders.flatMap((folder) => [folder, ...(folder === 'node_modules' ? [] : entriesOf(folder))]);
  const first = paths.find((path) => !isWritable(path));
  // Who owns it took the right from himself, on purpose.
  if (first === undefined || statSync(first).uid === process.getuid?.()) return;
  const owner = statSync(first).uid;
  const folder = folders.find((one) => first.startsWith(one)) ?? first;
  throw userError(
    `${first} cannot be written by this user: it belongs to ${owner === 0 ? 'root, as whom a command ran before' : `the user ${owner}`}`,
    `Run \`sudo chown -R "$(id -un)" ${JSON.stringify(resolve(folder))}\` and the command again.`,
  );
}

/** @param {string} folder */
function entriesOf(folder) {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    // Not there yet; or said of the folder itself.
    return [];
  }
}

/** @param {string} path */
function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    // What is gone, or a link to nothing, stops nobody.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}

/**
 * With NODE_USE_ENV_PROXY Node sends everything to the proxy, what is asked of this machine's own ports too.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} [node] its version
 * @throws PlatformError
 */
export function refuseProxiedLoopback(env, node = process.versions.node) {
  const since = Object.entries(PROXY_NODES).find(([line]) => node.startsWith(`${line}.`))?.[1] ?? '24.0';
  const wanted = env['NODE_USE_ENV_PROXY'] === '1' || /--use-env-proxy/.test(env['NODE_OPTIONS'] ?? '');
  if (!wanted || compareVersions(node, since) < 0 || !(env['http_proxy'] || env['HTTP_PROXY'])) return;
  const spared = (env['no_proxy'] || env['NO_PROXY'] || '').split(/[\s,]+/);
  if (spared.some((host) => ['*', '127.0.0.1'].includes(host))) return;
  throw userError(
    `NODE_USE_ENV_PROXY sends everything to the proxy, also what is asked of this machine (NO_PROXY is ${JSON.stringify(env['NO_PROXY'] ?? env['no_proxy'] ?? '')})`,
    'Add 127.0.0.1 to NO_PROXY, or unset NODE_USE_ENV_PROXY.',
  );
}
