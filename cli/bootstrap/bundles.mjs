/** The program as bundles that start fast, made again whenever a source changed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { putInPlace, removeFolder } from '../../constructs/core/whole-file.mjs';
import { withLock } from './lock.mjs';
import { stateFolder } from './paths.mjs';
import { userError } from './programs.mjs';

/** What goes into the bundles. */
const sources = [
  'cli',
  'constructs',
  'diagram',
  'environments',
  'policies',
  'stacks',
  'main.ts',
  'project.ts',
  'package-lock.json',
  'bootstrap.mjs',
];
/**
 * The folder with the bundles of the sources as they are now. Its name is their fingerprint, so nothing else has to say whether it is fresh.
 * @returns {Promise<string>}
 */
export async function ensureBundles() {
  const builds = join(stateFolder, 'build');
  const folder = join(builds, fingerprint(sources));
  if (existsSync(folder)) return folder;
  await withLock(join(stateFolder, 'build.lock'), async () => {
    if (existsSync(folder)) return;
    removeFolder(builds);
    const draft = `${folder}.new`;
    await bundle(draft);
    putInPlace(draft, folder);
  });
  return folder;
}

/** Gives policies/judge/files.ts an import for each file of `policies/`: a bundle has no folder to look into. */
export const importPolicies = {
  name: 'import-policies',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /[\\/]policies[\\/]judge[\\/]files\.ts$/ }, ({ path }) => {
      const folder = dirname(dirname(path));
      const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
      const imports = files.map((name, index) => `import * as policy${index} from ${JSON.stringify(`../${name}`)};`);
      const entries = files.map((name, index) => `${JSON.stringify(name.slice(0, -3))}: policy${index}['default'],`);
      const contents = [...imports, 'export const policyFiles = {', ...entries, '};'].join('\n');
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/** Builds go through Docker's own command: what dockerode would talk to BuildKit with (gRPC) takes long to load. */
const withoutBuildKit = {
  name: 'without-buildkit',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /[\\/]dockerode[\\/]lib[\\/]session\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('images are built by the docker command'); };",
    }));
  },
};

/** @param {string} outdir */
async function bundle(outdir) {
  const { build } = await import('esbuild');
  try {
    await build({
      entryPoints: { cli: 'cli/main.ts', project: 'project.ts', app: 'main.ts' },
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      // A command loads what it needs itself.
      splitting: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: true,
      // Large, and one command alone loads each, from node_modules.
      external: ['*.node', 'elkjs/*', '@cyclonedx/*', 'typescript'],
      plugins: [importPolicies, withoutBuildKit],
      // Packages written for CommonJS ask for these.
      banner: {
        js: [
          `import { createRequire as createRequireHere } from 'node:module';`,
          `const require = createRequireHere(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`,
        ].join('\n'),
      },
      logLevel: 'silent',
    });
  } catch (error) {
    throw userError(
      `the program could not be bundled: ${error instanceof Error ? error.message : String(error)}`,
      'Fix the source file that it names; `npm run lint` says more.',
    );
  }
}

/**
 * Changes with any change of a source file: name, size or time.
 * @param {string[]} paths files and folders
 * @param {RegExp} [counted] which files
 */
export function fingerprint(paths, counted = /\.(?:ts|mjs|json)$/) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const visit = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else if (stats && counted.test(path)) hash.update(`${path} ${stats.size} ${stats.mtimeMs}\n`);
  };
  for (const path of paths) visit(path);
  return hash.digest('hex').slice(0, 16);
}
