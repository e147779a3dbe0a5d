/** The machine's Terraform. */
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
    // Its check for updates would go out to the internet.
    const said = await runProgram(binary, ['version', '-json'], {
      env: { CHECKPOINT_DISABLE: '1' },
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
