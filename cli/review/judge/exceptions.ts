import { code, type Finding } from '../finding.js';
import { type Comparison, newIn } from './comparison.js';

/** Policies that may be broken from now on, with the reason that was given; what is broken is found by the others. */
export function judgeExceptions({ before, after }: Comparison): Finding[] {
  const [old, now] = [before.topology.exceptions, after.topology.exceptions];
  return [
    ...newIn(now, old).map(({ policy, subject, reason, until }): Finding => ({
      level: 'exposure',
      subject,
      what: `${code(subject)}: may break the policy ${code(policy)} until ${until} (“${reason.replaceAll('`', "'")}”)`,
      why: 'Until then nothing refuses what the policy forbids.',
      cause: { construct: subject, names: [policy], words: ['exceptions', policy] },
    })),
    ...newIn(old, now).map(({ policy, subject }): Finding => ({
      level: 'other',
      subject,
      what: `${code(subject)}: must keep the policy ${code(policy)} again`,
      why: 'An exception ended.',
      cause: { construct: subject, names: [policy], words: ['exceptions', policy] },
    })),
  ];
}
