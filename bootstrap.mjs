/**
 * The only file that runs before `npm ci`, so it needs nothing but Node: gets the dependencies, bundles the program and hands over to it.
 *
 *     node bootstrap.mjs <command> [options]    the CLI (cli/main.ts), with project.ts
 *     node bootstrap.mjs synth-app              main.ts, as cdktf runs it
 *
 * A bundle of everything, packages included, starts twice as fast as the same code from its many files.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBundles } from './cli/bootstrap/bundles.mjs';
import { withLock } from './cli/bootstrap/lock.mjs';
import { installDependencies } from './cli/bootstrap/npm.mjs';
import { stateFolder } from './cli/bootstrap/paths.mjs';
import { refuseForeignFiles, refuseProxiedLoopback } from './cli/bootstrap/surroundings.mjs';
import { compareVersions, isUserError, parseJson, userError } from './cli/bootstrap/programs.mjs';

const OLDEST_NODE = '20.20';
/** Says which lock file the folder was installed from, and for which system: Windows and its Linux (WSL) may use one checkout. */
const marker = join('node_modules', '.installed-from');
/** Commands for which the provider is needed; on a fresh machine its build starts at once. */
const needProvider = new Set(['start', 'test', 'plan', 'prepare-machine']);

/** @typedef {import('./cli/session/session.js').Early} Early */
/** @typedef {typeof import('./cli/main.js')} Program */
/** @typedef {typeof import('./project.js')} Root */
/** @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Locked */
/** @typedef {{ packages: Record<string, Locked> }} LockFile */

/** @param {string[]} args */
async function main(args) {
  if (compareVersions(process.versions.node, OLDEST_NODE) < 0) {
    throw userError(
      `Node.js is too old: this is ${process.versions.node}`,
      `Install ${OLDEST_NODE} or newer from https://nodejs.org.`,
    );
  }
  process.chdir(dirname(fileURLToPath(import.meta.url)));
  refuseForeignFiles();
  refuseProxiedLoopback(process.env);
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
  /** @type {unknown} */
  const root = await import(pathToFileURL(join(bundles, 'project.mjs')).href);
  const { run } = /** @type {Program} */ (program);
  const { project } = /** @type {Root} */ (root);
  process.exitCode = await run(project, args, early);
}

/**
 * @param {string[]} args
 * @returns {Promise<Early>}
 */
async function ensureDependencies(args) {
  const lock = readFileSync('package-lock.json');
  const hash = createHash('sha256').update(lock).digest('hex');
  // Packages with programs in them have one for each system; none depends on the version of Node (all use Node-API).
  const wanted = `${hash} ${process.platform} ${process.arch}`;
  const isInstalled = () => existsSync(marker) && readFileSync(marker, 'utf8') === wanted;
  if (isInstalled()) return {};
  const early = needProvider.has(args[0] ?? '') ? startEarly(args) : {};
  try {
    await withLock(join(stateFolder, 'npm-ci.lock'), async () => {
      if (isInstalled()) return;
      if (!isWhole(lock)) await installDependencies();
      writeFileSync(marker, wanted);
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
  const [{ findTerraform }, { ensureProvider }, { chooseProvider, forcedSources }] = await Promise.all([
    import('./cli/bootstrap/terraform.mjs'),
    import('./cli/bootstrap/provider.mjs'),
    import('./cli/bootstrap/registries.mjs'),
  ]);
  const [terraform, { from, line }] = await Promise.all([findTerraform(), chooseProvider(forcedSources(args))]);
  if (line !== undefined) console.log(line);
  return from === 'build' ? ensureProvider(terraform.platform, { signal }) : undefined;
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
    return Object.entries(wanted.packages).every(([path, locked]) => {
      const { version, optional } = locked;
      const found = present.packages[path];
      return path === '' || (found === undefined ? optional === true && !isForHere(locked) : found.version === version);
    });
  } catch {
    return false;
  }
}

/**
 * Whether a package that the lock file calls optional is one that this system needs: those for others are left out.
 * @param {Locked} locked
 */
function isForHere({ os, cpu, libc }) {
  // Of several C libraries one is here, and Node does not say which.
  return os?.includes(process.platform) === true && cpu?.includes(process.arch) === true && libc === undefined;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isUserError(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
