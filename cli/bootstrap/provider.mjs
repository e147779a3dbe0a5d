/**
 * The Docker provider where no Terraform registry answers: built once from its Go module into a filesystem mirror in the user's cache.
 * No dependencies: bootstrap.mjs starts the build while `npm ci` runs.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { providerSource, providerVersion } from '../../constructs/core/provider-version.mjs';
import { putInPlace, removeFolder, writeWhole } from '../../constructs/core/whole-file.mjs';
import { withLock } from './lock.mjs';
import { readMirrors } from './mirrors.mjs';
import { cacheFolder } from './paths.mjs';
import { compareVersions, findProgram, parseJson, runProgram, userError } from './programs.mjs';

const REGISTRY = 'registry.terraform.io';

/** From here on Go fetches the newer toolchain that go.mod names. */
const OLDEST_GO = '1.21';

/** The module that names the provider and all that it is built from. */
export const providerModule = join('cli', 'bootstrap', 'provider');

/**
 * Small, and the same whatever folder it is built in. `tool` is what go.mod calls the provider. Without inlining, whose lack does not show as it
 * mostly waits, it compiles in four fifths of the processor time (205 instead of 260 s).
 */
export const providerBuildArgs = ['build', '-trimpath', '-ldflags=-s -w', '-gcflags=all=-l', 'tool'];

/**
 * @typedef {object} BuiltProvider
 * @property {string} binary
 * @property {string} mirror the folder that Terraform takes for a filesystem mirror
 * @property {string} cliConfig the value of TF_CLI_CONFIG_FILE with which Terraform finds it
 */

/**
 * What Go says of itself and of how it downloads.
 * @returns {Promise<{ binary: string, env: Record<string, string> } | undefined>} nothing if there is no Go, or too old a one
 */
export async function findGo() {
  const binary = findProgram(
    'go',
    process.platform === 'win32' ? ['C:\\Program Files\\Go\\bin'] : ['/usr/local/go/bin'],
  );
  if (binary === undefined) return undefined;
  const names = ['GOVERSION', 'GOPROXY', 'GOSUMDB', 'GOFLAGS', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOINSECURE'];
  const answer = await runProgram(binary, ['env', '-json', ...names], { timeoutMs: 30_000 });
  const env = /** @type {Record<string, string>} */ (parseJson(answer));
  return compareVersions(env['GOVERSION'] ?? '', OLDEST_GO) < 0 ? undefined : { binary, env };
}

/**
 * The provider if it has been built already.
 * @param {string} platform Terraform's name for it, such as `linux_amd64`
 * @returns {BuiltProvider | undefined}
 */
export function findBuiltProvider(platform) {
  const { binary, mirror, cliConfig } = placeOf(platform);
  return isProgram(binary, platform) && existsSync(cliConfig) ? { binary, mirror, cliConfig } : undefined;
}

/**
 * A file in the place of the provider that cannot be one: cut off, or of another system.
 * @param {string} platform
 * @returns {string | undefined}
 */
export function findWrongProvider(platform) {
  const { binary } = placeOf(platform);
  return existsSync(binary) && !isProgram(binary, platform) ? binary : undefined;
}

/** How executables begin: ELF; Windows; macOS, by architecture or for several. */
/** @type {Readonly<Record<string, readonly string[]>>} */
const BEGINNINGS = { linux: ['7f454c46'], windows: ['4d5a'], darwin: ['cffaedfe', 'cafebabe'] };
/** It has 108 MB. */
const SMALLEST_BYTES = 10_000_000;

/**
 * Whether a file can be the provider: one that was cut off or put there by something else is made anew instead of used for ever.
 * @param {string} file
 * @param {string} platform
 */
function isProgram(file, platform) {
  if (!existsSync(file) || statSync(file).size < SMALLEST_BYTES) return false;
  const opened = openSync(file, 'r');
  try {
    const beginning = Buffer.alloc(4);
    readSync(opened, beginning);
    const system = platform.split('_')[0] ?? '';
    return (BEGINNINGS[system] ?? ['']).some((bytes) => beginning.toString('hex').startsWith(bytes));
  } finally {
    closeSync(opened);
  }
}

/**
 * The provider, built with the host's Go unless it is there.
 * @param {string} platform Terraform's name for it, such as `linux_amd64`
 * @param {{ onLine?: ((line: string) => void) | undefined, signal?: AbortSignal | undefined }} [options] `onLine` sees progress
 * @returns {Promise<BuiltProvider | undefined>} nothing if the host has no Go that could do it
 * @throws PlatformError if the build fails
 */
export async function ensureProvider(platform, { onLine, signal } = {}) {
  const found = findBuiltProvider(platform);
  if (found !== undefined) return found;
  const go = await findGo();
  if (go === undefined) return undefined;
  const [GOOS = '', GOARCH = ''] = platform.split('_');
  return placeProvider(
    platform,
    async (binary) => {
      // GOTOOLCHAIN: go.mod asks for a newer Go than the host may have.
      const proxy = readMirrors().go;
      const env = {
        GOOS,
        GOARCH,
        CGO_ENABLED: '0',
        GOTOOLCHAIN: 'auto',
        ...(proxy !== undefined && { GOPROXY: proxy }),
      };
      const [command = '', ...rest] = providerBuildArgs;
      await runProgram(go.binary, [command, '-o', binary, ...rest], { cwd: providerModule, env, onLine, signal });
    },
    onLine,
  );
}

/**
 * Puts a provider that `build` makes into the mirror, all at once, and writes Terraform's configuration for it.
 * @param {string} platform
 * @param {(binary: string) => Promise<void>} build writes the executable to the path that it is given
 * @param {(line: string) => void} [onLine]
 * @returns {Promise<BuiltProvider>}
 */
export async function placeProvider(platform, build, onLine) {
  const { root, mirror, binary, cliConfig } = placeOf(platform);
  await withLock(
    join(root, `${platform}.lock`),
    async () => {
      if (!isProgram(binary, platform)) {
        const work = join(root, `${platform}.build`);
        // An interrupted build left its own.
        removeFolder(work);
        mkdirSync(work);
        try {
          const made = join(work, 'provider');
          await build(made);
          mkdirSync(dirname(binary), { recursive: true });
          putInPlace(made, binary);
        } catch (error) {
          throw userError(
            `the Terraform provider could not be built: ${error instanceof Error ? error.message : String(error)}`,
            'Check that Go modules can be downloaded (`go env GOPROXY`), or use --provider=registry where registry.terraform.io answers.',
          );
        } finally {
          removeFolder(work);
        }
      }
      writeWhole(cliConfig, terraformCliConfig(mirror));
    },
    { onWait: () => onLine?.('another process is building it') },
  );
  return { binary, mirror, cliConfig };
}

/**
 * Terraform's CLI configuration: this provider from the mirror, all others as usual.
 * @param {string} mirror
 */
export function terraformCliConfig(mirror) {
  const provider = `${REGISTRY}/${providerSource}`;
  // Forward slashes work on Windows too, and need no escapes.
  const path = mirror.replaceAll('\\', '/');
  return `disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(path)}
    include = ["${provider}"]
  }
  direct {
    exclude = ["${provider}"]
  }
}
`;
}

/** @param {string} platform */
function placeOf(platform) {
  const root = join(cacheFolder(), `provider-${providerVersion}-${moduleHash()}`);
  const mirror = join(root, 'mirror');
  const extension = platform.startsWith('windows_') ? '.exe' : '';
  return {
    root,
    mirror,
    binary: join(
      mirror,
      REGISTRY,
      ...providerSource.split('/'),
      providerVersion,
      platform,
      `terraform-provider-docker_v${providerVersion}${extension}`,
    ),
    cliConfig: join(root, 'terraform.rc'),
  };
}

/** Another set of modules is another build. */
function moduleHash() {
  const text = readFileSync(join(providerModule, 'go.sum'), 'utf8').replaceAll('\r\n', '\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
