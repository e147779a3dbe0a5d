import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { lastLines, runProgram } from '../bootstrap/programs.mjs';

/** Terraform's own lock file, for the public registry's provider; committed. A provider that is built here has go.sum. */
export const PROVIDER_LOCK_FILE = 'stacks/terraform.lock.hcl';

/** For whom checksums are recorded. */
const PLATFORMS = ['darwin_amd64', 'darwin_arm64', 'linux_amd64', 'linux_arm64', 'windows_amd64'];

const FILE = '.terraform.lock.hcl';

/** The committed file's text, where there is one. */
export function readProviderLock(project: string): string | undefined {
  const file = join(project, PROVIDER_LOCK_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Asks the registry for the provider's checksums on every platform and writes the committed file.
 * @param stack a folder with a synthesized program
 * @throws PlatformError with what Terraform says
 */
export async function writeProviderLock(project: string, terraform: string, stack: string): Promise<void> {
  const made = join(stack, FILE);
  rmSync(made, { force: true });
  const platforms = PLATFORMS.map((platform) => `-platform=${platform}`);
  try {
    // Whatever mirrors this user has, Terraform asks the registry itself here.
    const env = { CHECKPOINT_DISABLE: '1' };
    await runProgram(terraform, ['providers', 'lock', ...platforms], { env, cwd: stack });
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the provider's checksums could not be had: ${lastLines(cause instanceof Error ? cause.message : String(cause), 3)}`,
        fix: 'Run the command where registry.terraform.io answers.',
      },
      { cause },
    );
  }
  copyFileSync(made, join(project, PROVIDER_LOCK_FILE));
}
