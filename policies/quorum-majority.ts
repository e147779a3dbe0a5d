import type { Policy } from './judge/policy.js';
import { servicesWith } from './judge/subject.js';

export default {
  why: 'With less than a majority, two halves of a split network each make a master, and one half loses its writes.',
  fix: 'Leave redis.quorum out: the default is the smallest majority of the Sentinels.',
  judge: (subject) =>
    servicesWith(subject, '/config/sentinel.conf').flatMap(({ name, text, instances }) => {
      const majority = Math.floor(instances / 2) + 1;
      const quorums = [...text.matchAll(/^sentinel monitor \S+ \S+ \d+ (\S+)$/gm)].map((match) => Number(match[1]));
      if (quorums.length === 0) return [{ subject: name, what: 'its Sentinels monitor nothing' }];
      return quorums
        .filter((quorum) => !(quorum >= majority && quorum <= instances))
        .map((quorum) => ({
          subject: name,
          what: `its quorum is ${quorum}, and a majority of ${instances} Sentinels is ${majority}`,
        }));
    }),
} satisfies Policy;
