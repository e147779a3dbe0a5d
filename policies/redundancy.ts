import type { Policy } from './judge/policy.js';
import { servicesWith } from './judge/subject.js';

const REPLICAS = 1;
const SENTINELS = 3;

export default {
  why: 'Without a replica a dead master takes the data with it, and fewer than three Sentinels cannot outvote a dead one.',
  fix: `Set redis.replicas to ${REPLICAS} or more, and redis.sentinels to ${SENTINELS} or more.`,
  environments: ['prod'],
  judge: (subject) => {
    const nodes = servicesWith(subject, '/config/redis.conf');
    const sentinels = servicesWith(subject, '/config/sentinel.conf');
    const watched = sentinels.reduce((sum, { instances }) => sum + instances, 0);
    return nodes.flatMap(({ name, instances }) => [
      ...(instances > REPLICAS ? [] : [{ subject: name, what: `it has ${instances - 1} replicas` }]),
      ...(watched >= SENTINELS ? [] : [{ subject: name, what: `${watched} Sentinels watch it` }]),
    ]);
  },
} satisfies Policy;
