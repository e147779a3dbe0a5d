import { type Finding, fromTo } from '../finding.js';
import { modelPairs } from '../models.js';
import { about, type Comparison } from './comparison.js';

/** How many replicas have a write before a service says that it is done. */
export function judgeDurability(comparison: Comparison): Finding[] {
  return modelPairs(comparison, 'api').flatMap(({ before, after, service }) => {
    const [was, is] = [before.confirmedBy, after.confirmedBy];
    if (was === is) return [];
    const cause = {
      settings: ['durability', 'minReplicasToWrite'],
      words: ['durability', 'minReplicasToWrite', 'confirmedBy'],
    };
    return [
      is < was
        ? about(
            service,
            'data',
            `writes are answered before as many replicas have them: ${fromTo(was, is)}`,
            is === 0
              ? 'A write that was answered with success is lost when the master is.'
              : 'A write that was answered with success is on fewer machines when the master is lost.',
            cause,
          )
        : about(
            service,
            'availability',
            `writes are answered once more replicas have them: ${fromTo(was, is)}`,
            'Each write takes a round trip to the replicas longer, and fails when fewer than that confirm it.',
            cause,
          ),
    ];
  });
}
