import { type TerraformElement, TerraformStack } from 'cdktf';
import { PlatformError } from '../../core/platform-error.js';

/** A stack whose resources have readable and stable ids in Terraform: cdktf's own end in hashes. */
export abstract class ReadableIds extends TerraformStack {
  private readonly logicalIds = new Map<string, TerraformElement>();

  /** @throws PlatformError if two constructs would get the same: cdktf would silently merge them into one */
  protected override allocateLogicalId(element: TerraformElement): string {
    const scopes = element.node.scopes;
    const id = scopes
      .slice(scopes.indexOf(this) + 1)
      .map(({ node }) => node.id)
      .join('-');
    const other = this.logicalIds.get(id) ?? element;
    if (other !== element) {
      throw new PlatformError({
        what: `two constructs are both called ${id} in Terraform`,
        got: `${other.node.path} and ${element.node.path}`,
        allowed: 'paths that differ when their parts are joined with dashes',
        fix: 'Give one of them another id.',
      });
    }
    this.logicalIds.set(id, element);
    return id;
  }
}
