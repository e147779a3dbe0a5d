import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Paint } from '../terminal/table.js';
import { type Diagnosis, type Finding, isWell } from './check.js';

const SIGNS = { ok: '✔', note: '!', bad: '✖', unknown: '?' } as const;
const COLOURS = { ok: 'green', note: 'yellow', bad: 'red', unknown: 'dim' } as const;

/**
 * For people: a line a check, with what to do. Ends with a line feed.
 * @param fixed what was done about it; undefined if nothing was asked for
 */
export function renderDiagnoses(diagnoses: readonly Diagnosis[], paint: Paint, fixed?: readonly string[]): string {
  const lines = diagnoses.flatMap(({ title, findings }) =>
    findings.map((finding) => `${paint(COLOURS[finding.level], SIGNS[finding.level])} ${title}: ${describe(finding)}`),
  );
  const count = (level: Finding['level']) =>
    diagnoses.flatMap(({ findings }) => findings).filter((finding) => finding.level === level).length;
  const verdict = isWell(diagnoses)
    ? paint('green', `This machine is fit: ${diagnoses.length} checks, ${count('note')} notes.`)
    : paint('red', `${count('bad')} of ${diagnoses.length} checks failed.`);
  const deeds = fixed?.map((deed) => `fixed: ${deed}`) ?? [];
  if (fixed?.length === 0) deeds.push('fixed: nothing, as there is nothing that can be put right without a risk');
  return `${[...deeds, ...lines, '', verdict].join('\n')}\n`;
}

function describe(finding: Finding): string {
  if (finding.level === 'ok' || finding.level === 'unknown') return finding.got;
  return new PlatformError(finding).message;
}
