import { modelsOf } from '../constructs/models.js';
import type { Policy } from './judge/policy.js';

const REPLICAS = 1;
const SENTINELS = 3;

export default {
  why: 'Without a replica a dead master takes the data with it, and fewer than three Sentinels cannot outvote a dead one.',
  fix: `Set redis.replicas to ${REPLICAS} or more, and redis.sentinels to ${SENTINELS} or more.`,
  environments: ['prod'],
  judge: ({ topology }) =>
    modelsOf(topology, 'redis').flatMap(({ nodes: { service: subject, count }, sentinels }) => [
      ...(count > REPLICAS ? [] : [{ subject, what: `it has ${count - 1} replicas` }]),
      ...(sentinels.count >= SENTINELS ? [] : [{ subject, what: `${sentinels.count} Sentinels watch it` }]),
    ]),
} satisfies Policy;
