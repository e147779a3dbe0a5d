import { today } from '../../constructs/core/policy-exception.js';
import { enforce, judge } from '../../policies/judge/judge.js';
import { subjectFromPlan } from '../../policies/judge/resources.js';
import type { Context } from '../context.js';
import { type Difference, findDrift, inputsChanged, unseenByTerraform } from '../drift/index.js';
import { checkState } from '../preflight/state.js';
import { type ResultOptions, writeResult } from '../terminal/result.js';
import { isServing, wayOf } from '../rollout/change-running.js';
import { secretsRecorded } from '../deployment/secrets-in-use.js';
import { declareSession } from '../start/declare.js';
import { prepare } from '../start/prepare.js';
import type { PrepareOptions } from '../session/session.js';
import { gatherStatus } from '../status/gather.js';

/**
 * A full Terraform plan, and all that was changed on the engine by hand, most of which Terraform does not see.
 * @returns 0: nothing to do, 2: changes
 * @throws PlatformError if what is planned breaks a policy
 */
export async function planCommand(context: Context, options: PrepareOptions & ResultOptions): Promise<number> {
  checkState(context);
  const session = await declareSession(await prepare(context, { ...options, images: false }));
  const { engine, terraform, topology } = session;
  await terraform.init();
  const { changes, text, json } = await terraform.plan();
  const said = [text.trim()];
  const status = await gatherStatus(context, engine.docker, topology);
  if (isServing(status, topology)) {
    const secretsKnown = secretsRecorded(context.paths);
    const { lines } = wayOf(json, { ...session, status, secretsKnown });
    if (lines.length > 0) said.push('', '`npm start` makes this change so:', ...lines);
  }
  const differences = await findDrift(context, engine);
  const drift = inputsChanged(context, topology) ? unseenByTerraform(differences, json) : differences;
  if (drift.length > 0) said.push(describeDrift(drift));
  writeResult(`${said.join('\n')}\n`, options);
  // Synth judged what Terraform reads; this is what it makes of it, whatever else lies in its folder.
  const policies = await context.project.policies();
  enforce(judge(subjectFromPlan(topology, json), policies, today()), policies);
  return changes || drift.length > 0 ? 2 : 0;
}

function describeDrift(differences: readonly Difference[]): string {
  const lines = differences.map(
    ({ what, repair }) => `  - ${what}${repair.by === 'user' ? `. \`npm start\` leaves it alone: ${repair.fix}` : ''}`,
  );
  return ['', 'Drift: what was changed on the engine since it was applied. `npm start` repairs it.', ...lines].join(
    '\n',
  );
}
