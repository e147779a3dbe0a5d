import type { Policy } from './judge/policy.js';
import { servicesWith } from './judge/subject.js';

export default {
  why: 'With snapshots alone, a power cut loses every write since the last one: minutes of them.',
  fix: "Leave redis.appendOnly out, or set it to { fsync: 'everysec' } or { fsync: 'always' }.",
  environments: ['prod'],
  judge: (subject) =>
    servicesWith(subject, '/config/redis.conf').flatMap(({ name, text }) => [
      ...(/^appendonly yes$/m.test(text) ? [] : [{ subject: name, what: 'its append-only file is off' }]),
      ...(/^appendfsync no$/m.test(text)
        ? [{ subject: name, what: 'when its append-only file reaches the disk is left to the kernel' }]
        : []),
    ]),
} satisfies Policy;
