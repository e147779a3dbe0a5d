import { today } from '../../constructs/core/policy-exception.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { enforce, judge } from '../../policies/judge/judge.js';
import { subjectFromPlan } from '../../policies/judge/resources.js';
import type { Context } from '../context.js';
import { describe, sayNote } from '../deploy.js';
import { checkState } from '../preflight/state.js';
import { prepare, type PrepareOptions } from '../prepare.js';

/**
 * A full Terraform plan.
 * @returns 0: nothing to do, 2: changes
 * @throws PlatformError if what is planned breaks a policy
 */
export async function planCommand(context: Context, options: PrepareOptions): Promise<number> {
  checkState(context);
  const { site, terraform } = await prepare(context, { ...options, images: false });
  const topology = describe(context, site, { onNote: sayNote });
  await terraform.init();
  const { changes, text, json } = await terraform.plan();
  console.log(text.trim());
  // Synth judged what Terraform reads; this is what it makes of it, whatever else lies in its folder.
  const policies = discoverPolicies();
  enforce(judge(subjectFromPlan(topology, json), policies, today()), policies);
  return changes ? 2 : 0;
}
