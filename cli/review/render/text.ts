import type { Paint } from '../../terminal/table.js';
import { costText } from '../judge/cost.js';
import { LEVEL_MEANINGS, type Level } from '../level.js';
import type { Where } from '../locate.js';
import { counts, type Review } from '../review.js';

const COLOURS: Readonly<Record<Level, Parameters<Paint>[0]>> = {
  data: 'red',
  exposure: 'red',
  availability: 'yellow',
  image: 'yellow',
  cost: 'dim',
  other: 'dim',
};

/** For terminals. Ends with a line feed. */
export function renderText(review: Review, paint: Paint): string {
  const { environments, findings } = review;
  const lines = [
    `Compared with ${review.base.ref} (${review.base.commit.slice(0, 12)}): ${environments.map(({ name }) => name).join(', ')}`,
  ];
  if (review.tree.dirty)
    lines.push(paint('dim', 'The working tree is reviewed as it is, changes that are not committed included.'));
  if (findings.length === 0) lines.push(paint('green', 'Nothing that is deployed changes.'));
  for (const [level, number] of counts(findings)) {
    lines.push(
      '',
      `${paint('bold', paint(COLOURS[level], `${level} (${number})`))} ${paint('dim', LEVEL_MEANINGS[level])}`,
    );
    for (const { what, why, where, environments: names } of findings.filter((finding) => finding.level === level)) {
      lines.push(`  ${what} ${paint('dim', `[${names.join(', ')}]`)}`);
      lines.push(`    ${why}`);
      if (where) lines.push(paint('dim', `    ${whereText(where)}`));
    }
  }
  if (findings.length > 0) lines.push('');
  for (const { name, cost, planned } of environments) {
    if (findings.length > 0 && cost.before && cost.after) {
      const [before, after] = [costText(cost.before), costText(cost.after)];
      lines.push(`${name}: ${before === after ? `limits stay ${after}` : `limits ${before} → ${after}`}`);
    }
    if (planned) {
      lines.push(`${name}: Terraform would touch ${planned.length} resources here`);
      for (const { address, action, because } of planned)
        lines.push(`  ${address} ${action}${because.length > 0 ? ` (${because.join(', ')})` : ''}`);
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** `environments/dev.ts:7`. */
export function whereText({ path, line, side }: Where): string {
  return `${path}:${line}${side === 'base' ? ' in the base' : ''}`;
}
