import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import { readTerraformState } from '../terraform/state.js';

/**
 * Whether the state file can be read and is this deployment's: a foreign one would make Terraform delete what it lists.
 * @throws PlatformError if not
 */
export function checkState({ name, paths }: Context): void {
  const resources = readTerraformState(paths.state)?.resources ?? [];
  const labelled = resources.flatMap(({ labels }) => labels['redis-platform.deployment'] ?? []);
  const other = labelled.find((deployment) => deployment !== name);
  if (other === undefined) return;
  throw new PlatformError({
    what: `the state file ${paths.state} belongs to another deployment`,
    got: other,
    allowed: name,
    fix: `Move it back to .platform/${other}/terraform.tfstate. Nothing was changed.`,
  });
}
