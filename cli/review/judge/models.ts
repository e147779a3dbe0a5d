import { type Kind, serviceNamed } from '../../../constructs/models.js';
import { code, type Finding, fromTo } from '../finding.js';
import { allPairs, differences } from '../models.js';
import { about, type Comparison } from './comparison.js';

/** What other judges look at, or shows in services. */
const JUDGED: { readonly [K in Kind]: readonly string[] | 'all' } = {
  // What they are told stands in their environment.
  api: 'all',
  http: 'all',
  backups: ['service', 'redis', 'nodes', 'fencing', 'everyMs', 'count', 'maxAgeMs'],
  logs: ['services.store', 'services.others', 'users'],
  proxy: 'all',
  redis: [
    ...['name', 'masterName', 'fencing', 'downAfterMs', 'dataFolder', 'protectedMode'],
    ...['nodes.service', 'nodes.count', 'nodes.savePoints', 'nodes.appendOnly', 'nodes.appendOnly.fsync'],
    ...['nodes.maxMemoryBytes', 'nodes.evictionPolicy', 'nodes.minReplicasToWrite', 'nodes.maxLagSeconds'],
    ...['nodes.users', 'sentinels.service', 'sentinels.count', 'sentinels.quorum', 'sentinels.failoverTimeoutMs'],
    'sentinels.users',
  ],
};

/** Every other difference between models, so that none goes unmentioned. */
export function judgeModels(comparison: Comparison): Finding[] {
  return allPairs(comparison).flatMap(({ before, after, service }) => {
    const judged = JUDGED[after.kind];
    if (judged === 'all') return [];
    const others = differences(before, after).filter(({ path }) => !['name', ...judged].includes(path.join('.')));
    return others.map(({ path, was, is }) => {
      const sentinels = after.kind === 'redis' && path[0] === 'sentinels' ? after.sentinels.service : undefined;
      const owner =
        (sentinels === undefined ? undefined : serviceNamed(comparison.after.topology, sentinels)) ?? service;
      const name = path.at(-1) ?? '';
      // Units are the model's matter.
      const setting = (text: string) => text.replace(/(Bytes|Ms)$/, '');
      return about(
        owner,
        'other',
        `${code(path.join('.'))}: ${fromTo(was ?? 'not set', is ?? 'not set')}`,
        'The server behaves differently.',
        { settings: [setting(path.slice(1).join('.')), setting(path.join('.'))], words: [setting(name)] },
      );
    });
  });
}
