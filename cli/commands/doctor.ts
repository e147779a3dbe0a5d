import type { Context } from '../context.js';
import { diagnose, isWell, repairsOf } from '../doctor/check.js';
import { allChecks } from '../doctor/checks.js';
import { gatherFacts } from '../doctor/gather.js';
import { renderDiagnoses } from '../doctor/render.js';
import { carryOut } from '../doctor/repair.js';
import { type ResultOptions, resultPaint, writeResult } from '../terminal/result.js';

export interface DoctorOptions extends ResultOptions {
  /** Machine-readable, and nothing else on stdout. @default false */
  readonly json?: boolean;
  /** Put right what can be without a risk, and say what that was. @default false */
  readonly fix?: boolean;
}

/**
 * `npm run doctor`: what of this machine would stop a start, or weaken a promise, and the fix. Changes nothing unless told to.
 * @returns 0 if a start can be expected to work, after what was put right, else 1
 */
export async function doctorCommand(context: Context, options: DoctorOptions): Promise<number> {
  const look = async () => diagnose(allChecks, await gatherFacts(context));
  const before = await look();
  const fixed = options.fix ? carryOut(context.project.folder, repairsOf(before)) : [];
  const diagnoses = fixed.length > 0 ? await look() : before;
  const well = isWell(diagnoses);
  writeResult(
    options.json
      ? `${JSON.stringify({ ok: well, checks: diagnoses, ...(options.fix && { fixed }) }, null, 2)}\n`
      : renderDiagnoses(diagnoses, resultPaint(options), options.fix ? fixed : undefined),
    options,
  );
  return well ? 0 : 1;
}
