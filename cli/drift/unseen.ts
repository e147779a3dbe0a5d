import { asRecord, list } from '../../policies/judge/values.js';
import type { Difference } from './difference.js';

/**
 * Of a declaration that changed: what a plan of Terraform's says nothing of. Where it changes a resource anyway, most
 * differences are that change; what is a member of too much stays one whatever Terraform does.
 * @param plan what `terraform show -json` says of it
 */
export function unseenByTerraform(differences: readonly Difference[], plan: unknown): Difference[] {
  const changed = new Set(
    list(asRecord(plan)['resource_changes'])
      .map(asRecord)
      .filter(({ change }) => list(asRecord(change)['actions']).some((action) => action !== 'no-op'))
      .map(({ address }) => String(address)),
  );
  return differences.filter(
    ({ address, repair }) => address === undefined || repair.by === 'disconnect' || !changed.has(address),
  );
}
