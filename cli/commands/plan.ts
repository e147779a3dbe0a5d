import type { Context } from '../context.js';
import { describe } from '../deploy.js';
import { requireLocked } from '../lock/drift.js';
import { checkState } from '../preflight/state.js';
import { prepare, type PrepareOptions } from '../prepare.js';

/** A full Terraform plan. @returns 0: nothing to do, 2: changes */
export async function planCommand(context: Context, options: PrepareOptions): Promise<number> {
  if (options.frozen) requireLocked(context);
  checkState(context);
  const { site, terraform } = await prepare(context, { ...options, images: false });
  describe(context, site);
  await terraform.init();
  const { changes, text } = await terraform.plan();
  console.log(text.trim());
  return changes ? 2 : 0;
}
