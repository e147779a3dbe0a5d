import { existsSync, readFileSync } from 'node:fs';
import type { Topology } from '../../constructs/core/topology.js';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import type { DeploymentPaths } from '../context.js';
import { readTerraformState } from '../terraform/state.js';

type Paths = Pick<DeploymentPaths, 'state' | 'volumes'>;

/**
 * Names of all data volumes that this deployment ever had: those in its register, and those of the containers in its state, which
 * `npx cdktf deploy` made too. Never what is only declared: under its name another checkout may keep its data.
 * @throws PlatformError if the state cannot be read
 */
export function registeredVolumes({ state, volumes }: Paths): string[] {
  const registered = existsSync(volumes) ? (JSON.parse(readFileSync(volumes, 'utf8')) as string[]) : [];
  // Terraform's own backup, too: `npx cdktf destroy --skip-synth` empties the state without our coming by.
  const recorded = [state, `${state}.backup`].flatMap(
    (file) => readTerraformState(file)?.resources.flatMap((resource) => resource.volumes) ?? [],
  );
  return [...new Set([...registered, ...recorded])].sort();
}

/**
 * Before they are created, or their containers leave the state: a volume that is not in the register would never be removed.
 * @param more beside those of the state
 */
export function registerVolumes(paths: Paths, more: readonly string[] = []): void {
  const all = [...new Set([...registeredVolumes(paths), ...more])].sort();
  if (all.length > 0) writeJson(paths.volumes, all);
}

/** Those that services write to. */
export function declaredVolumes(topology: Topology): string[] {
  return topology.services.flatMap(({ instances }) =>
    instances.flatMap(({ volumes }) => volumes.filter(({ readOnly }) => !readOnly).map(({ name }) => name)),
  );
}
