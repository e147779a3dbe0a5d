import { modelsOf } from '../constructs/models.js';
import type { Policy } from './judge/policy.js';

export default {
  why: 'With less than a majority, two halves of a split network each make a master, and one half loses its writes.',
  fix: 'Leave redis.quorum out: the default is the smallest majority of the Sentinels.',
  judge: ({ topology }) =>
    modelsOf(topology, 'redis').flatMap(({ sentinels: { service, quorum, count } }) => {
      const majority = Math.floor(count / 2) + 1;
      if (quorum >= majority && quorum <= count) return [];
      return [
        { subject: service, what: `its quorum is ${quorum}, and a majority of ${count} Sentinels is ${majority}` },
      ];
    }),
} satisfies Policy;
