import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NOT_READY_FILE } from '../../constructs/runtime/docker/not-ready.js';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { providerSource, providerVersion } from '../../constructs/core/provider-version.mjs';
import { writeJson, writeWhole } from '../../constructs/core/whole-file.mjs';

/*
 * What lies beside the program in the folder that Terraform runs in: this machine's part, which the program, the same everywhere, cannot
 * say. It is for who starts Terraform without our environment: `npx cdktf`, or a user by hand.
 */

/**
 * Terraform finds a provider there that was built here.
 * @param platform Terraform's name for this machine
 */
export function offerProvider(stack: string, binary: string, platform: string): void {
  const file = binary.split(/[\\/]/).at(-1) ?? '';
  const place = join(
    stack,
    'terraform.d',
    'plugins',
    'registry.terraform.io',
    ...providerSource.split('/'),
    providerVersion,
    platform,
    file,
  );
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(binary, place);
  } catch {
    // Another drive or file system: a copy does as well.
    copyFileSync(binary, place);
  }
}

/**
 * Terraform's provider knows nothing of the current Docker context and would go to the system's usual place.
 * @param environment the engine's address as Docker's tools take it
 */
export function nameEngine(stack: string, environment: Readonly<Record<string, string>>): void {
  const { DOCKER_HOST: host, DOCKER_CERT_PATH: certPath } = environment;
  writeJson(join(stack, 'engine_override.tf.json'), {
    provider: { docker: [{ host, ...(certPath !== undefined && { cert_path: certPath }) }] },
  });
}

/**
 * Terraform plans nothing but a removal until the problems are gone.
 * @param problems none lets it go on
 */
export function holdBack(stack: string, problems: readonly Problem[]): void {
  const file = join(stack, NOT_READY_FILE);
  if (problems.length === 0) rmSync(file, { force: true });
  else writeWhole(file, `${PlatformError.all(problems).message} Nothing was changed.\n`);
}
