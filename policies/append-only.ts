import { modelsOf } from '../constructs/models.js';
import type { Policy } from './judge/policy.js';

export default {
  why: 'With snapshots alone, a power cut loses every write since the last one: minutes of them.',
  fix: "Leave redis.appendOnly out, or set it to { fsync: 'everysec' } or { fsync: 'always' }.",
  environments: ['prod'],
  judge: ({ topology }) =>
    modelsOf(topology, 'redis').flatMap(({ nodes: { service: subject, appendOnly } }) => {
      if (appendOnly === null) return [{ subject, what: 'its append-only file is off' }];
      const isLeft = appendOnly.fsync === 'no';
      return isLeft ? [{ subject, what: 'when its append-only file reaches the disk is left to the kernel' }] : [];
    }),
} satisfies Policy;
