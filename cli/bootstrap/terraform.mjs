/** The machine's Terraform. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { compareVersions, findProgram, parseJson, runProgram, userError } from './programs.mjs';

/** `replace_triggered_by` needs 1.2, and older ones than this get no fixes any more. */
const OLDEST_TERRAFORM = '1.6.0';

/** @type {Partial<Record<NodeJS.Platform, string>>} */
const HOW_TO_INSTALL = {
  win32: 'Install it with `winget install HashiCorp.Terraform` and open a new terminal',
  darwin: 'Install it with `brew install hashicorp/tap/terraform`',
  linux:
    "Install it from HashiCorp's package repository (https://developer.hashicorp.com/terraform/install), then `apt-get install terraform`",
};

/**
 * The environment for our Terraform: the user's own settings are for theirs. TF_WORKSPACE would have it work on another state, TF_CLI_ARGS_apply
 * turn an apply into anything. Where to find providers is the machine's matter and stays (TF_CLI_CONFIG_FILE). The provider would prefer
 * DOCKER_CONTEXT to the DOCKER_HOST that it is given.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Record<string, string | undefined>}
 */
export function terraformEnvironment(env) {
  const kept = Object.entries(env).filter(([name]) => {
    const upper = name.toUpperCase(); // Windows does not tell them apart
    return upper === 'TF_CLI_CONFIG_FILE' || !(upper.startsWith('TF_') || upper === 'DOCKER_CONTEXT');
  });
  return {
    ...Object.fromEntries(kept),
    // Also against `terraform workspace select` in its folder.
    TF_WORKSPACE: 'default',
    TF_IN_AUTOMATION: '1',
    // Its check for updates would go out to the internet.
    CHECKPOINT_DISABLE: '1',
  };
}

/**
 * Where Terraform keeps what it downloads from a registry, once for all deployments: 25 MB that each would fetch again.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined} nothing where the user's own configuration of Terraform names a folder
 */
export function downloadedProviders(env) {
  const own =
    env['TF_CLI_CONFIG_FILE'] ??
    (process.platform === 'win32'
      ? join(env['APPDATA'] ?? homedir(), 'terraform.rc')
      : join(env['HOME'] ?? homedir(), '.terraformrc'));
  const named = existsSync(own) && /^\s*plugin_cache_dir\b/m.test(readFileSync(own, 'utf8'));
  return named ? undefined : join(cacheFolder(), 'providers');
}

/**
 * @typedef {object} Terraform
 * @property {string} binary
 * @property {string} version such as `1.11.4`
 * @property {string} platform such as `linux_amd64`: what the provider must be made for
 */

/**
 * @returns {Promise<Terraform>}
 * @throws PlatformError if there is none, it is too old or it does not run
 */
export async function findTerraform() {
  const name = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
  const binary = findProgram(name);
  if (binary === undefined)
    throw userError(`Terraform was not found: there is no \`${name}\` on the PATH`, `${howToInstall()}.`);
  let answer;
  try {
    const said = await runProgram(binary, ['version', '-json'], {
      only: terraformEnvironment(process.env),
      timeoutMs: 30_000,
    });
    answer = /** @type {{ terraform_version: string, platform: string }} */ (parseJson(said));
  } catch (error) {
    throw userError(
      `Terraform does not run (${binary}): ${error instanceof Error ? error.message : String(error)}`,
      `${howToInstall()} again.`,
    );
  }
  if (compareVersions(answer.terraform_version, OLDEST_TERRAFORM) < 0) {
    throw userError(
      `Terraform is too old: ${binary} is ${answer.terraform_version}, and ${OLDEST_TERRAFORM} or newer is needed`,
      `${howToInstall()}, or name another one in TERRAFORM_BINARY_NAME.`,
    );
  }
  return { binary, version: answer.terraform_version, platform: answer.platform };
}

function howToInstall() {
  return HOW_TO_INSTALL[process.platform] ?? HOW_TO_INSTALL.linux;
}
