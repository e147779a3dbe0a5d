/**
 * The only file that runs before `npm ci`, so it needs nothing but Node: gets the dependencies, bundles the program and hands over to it.
 *
 *     node bootstrap.mjs <command> [options]    the CLI (cli/main.ts)
 *     node bootstrap.mjs synth-app              main.ts, as cdktf runs it
 *
 * A bundle of everything, packages included, starts twice as fast as the same code from its many files.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBundles } from './cli/machine/bundles.mjs';
import { withLock } from './cli/machine/lock.mjs';
import { installDependencies } from './cli/machine/npm.mjs';
import { stateFolder } from './cli/machine/paths.mjs';
import { compareVersions, isUserError, parseJson, userError } from './cli/machine/programs.mjs';

const OLDEST_NODE = '20.20';
/** Says which lock file the folder was installed from. */
const marker = join('node_modules', '.installed-from');
/** Commands for which the provider is needed; on a fresh machine its build starts at once. */
const needProvider = new Set(['start', 'test', 'plan', 'prepare-machine']);

/** @typedef {import('./cli/machine/prepare.js').Early} Early */
/** @typedef {typeof import('./cli/main.js')} Program */
/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean }> }} LockFile */

/** @param {string[]} args */
async function main(args) {
  if (compareVersions(process.versions.node, OLDEST_NODE) < 0) {
    throw userError(
      `Node.js is too old: this is ${process.versions.node}`,
      `Install ${OLDEST_NODE} or newer from https://nodejs.org.`,
    );
  }
  process.chdir(dirname(fileURLToPath(import.meta.url)));
  // From Node 22 on; saves compiling the bundles again.
  const { enableCompileCache } = /** @type {{ enableCompileCache?: (folder: string) => void }} */ (module);
  enableCompileCache?.(resolve(stateFolder, 'compile-cache'));
  const early = await ensureDependencies(args);
  const bundles = await ensureBundles();
  if (args[0] === 'synth-app') {
    await import(pathToFileURL(join(bundles, 'app.mjs')).href);
    return;
  }
  /** @type {unknown} */
  const program = await import(pathToFileURL(join(bundles, 'cli.mjs')).href);
  const { run } = /** @type {Program} */ (program);
  process.exitCode = await run(args, early);
}

/**
 * @param {string[]} args
 * @returns {Promise<Early>}
 */
async function ensureDependencies(args) {
  const lock = readFileSync('package-lock.json');
  const hash = createHash('sha256').update(lock).digest('hex');
  const isInstalled = () => existsSync(marker) && readFileSync(marker, 'utf8') === hash;
  if (isInstalled()) return {};
  const early = needProvider.has(args[0] ?? '') ? startEarly(args) : {};
  try {
    await withLock(join(stateFolder, 'npm-ci.lock'), async () => {
      if (isInstalled()) return;
      if (!isWhole(lock)) await installDependencies();
      writeFileSync(marker, hash);
    });
  } catch (error) {
    early.abort?.abort();
    throw error;
  }
  return early;
}

/**
 * @param {string[]} args
 * @returns {Early}
 */
function startEarly(args) {
  const abort = new AbortController();
  const provider = buildProvider(args, abort.signal);
  // Whoever awaits it later reports its failure.
  provider.catch(() => undefined);
  return { provider, abort };
}

/**
 * @param {string[]} args
 * @param {AbortSignal} signal
 */
async function buildProvider(args, signal) {
  // Not needed by any later start.
  const [{ findTerraform }, { ensureProvider }, { chooseSources, forcedSources }] = await Promise.all([
    import('./cli/machine/terraform.mjs'),
    import('./cli/machine/provider.mjs'),
    import('./cli/machine/registries.mjs'),
  ]);
  const [terraform, { sources: from, lines }] = await Promise.all([
    findTerraform(),
    chooseSources(forcedSources(args)),
  ]);
  for (const line of lines) console.log(line);
  return from.provider === 'build' ? ensureProvider(terraform.platform, { signal }) : undefined;
}

/**
 * Whether npm has put there what the lock file names, by whatever command.
 * @param {Buffer} lock
 */
function isWhole(lock) {
  try {
    const wanted = /** @type {LockFile} */ (parseJson(lock.toString()));
    const present = /** @type {LockFile} */ (
      parseJson(readFileSync(join('node_modules', '.package-lock.json'), 'utf8'))
    );
    return Object.entries(wanted.packages).every(([path, { version, optional }]) => {
      const found = present.packages[path];
      // Packages for other platforms are left out.
      return path === '' || (found === undefined ? optional === true : found.version === version);
    });
  } catch {
    return false;
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isUserError(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
