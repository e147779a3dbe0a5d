import { Duration } from '../../../constructs/core/units.js';
import { type Finding, fromTo } from '../finding.js';
import { modelPairs } from '../models.js';
import { about, type Comparison } from './comparison.js';

/** How often scheduled backups are taken and how many of them stay. Turned off, their volume loses its owner: see `volumes.ts`. */
export function judgeBackups(comparison: Comparison): Finding[] {
  return modelPairs(comparison, 'backups').flatMap(({ before: was, after: is, service }) => {
    const cause = (setting: string) => ({ settings: [setting], words: [setting.split('.').at(-1) ?? '', 'backups'] });
    const findings: Finding[] = [];
    const compare = (
      setting: string,
      what: string,
      name: 'everyMs' | 'count' | 'maxAgeMs',
      worse: boolean,
      harm: string,
      good: string,
    ) => {
      if (was[name] === is[name]) return;
      const shown = (number: number) => (name === 'count' ? number : String(Duration.milliseconds(number)));
      const text = `${what}: ${fromTo(shown(was[name]), shown(is[name]))}`;
      findings.push(about(service, worse ? 'data' : 'other', text, worse ? harm : good, cause(setting)));
    };
    const removed = 'Backups that are there already are removed with the next one.';
    compare(
      'every',
      'time between two backups',
      'everyMs',
      is.everyMs > was.everyMs,
      'What was written since the newest backup is in none.',
      'Each one makes a replica fork.',
    );
    compare('keep.count', 'backups that are kept', 'count', is.count < was.count, removed, 'They need more room.');
    compare(
      'keep.maxAge',
      'backups are kept for',
      'maxAgeMs',
      is.maxAgeMs < was.maxAgeMs,
      removed,
      'They need more room.',
    );
    return findings;
  });
}
