import { Size } from '../../../constructs/core/units.js';
import type { Declaration } from '../declaration.js';
import { type Finding, fromTo } from '../finding.js';
import { constructOf } from '../services.js';
import { type Comparison, isSame } from './comparison.js';

/** Memory and cores that all containers together may use. */
export interface Cost {
  readonly bytes: number;
  readonly cpus: number;
  readonly containers: number;
}

export function costOf({ topology }: Declaration): Cost {
  let [bytes, cpus, containers] = [0, 0, 0];
  for (const { limits, instances } of topology.services) {
    bytes += (Size.parse(limits.memory)?.toBytes() ?? 0) * instances.length;
    cpus += limits.cpus * instances.length;
    containers += instances.length;
  }
  return { bytes, cpus: Math.round(cpus * 100) / 100, containers };
}

export function costText({ bytes, cpus }: Cost): string {
  const mebibytes = Math.ceil(bytes / 1024 ** 2);
  return `${mebibytes} MiB and ${cpus} cores`;
}

/** The sum of all limits, before and after. */
export function judgeCost({ before, after, matched }: Comparison): Finding[] {
  const [was, is] = [costOf(before), costOf(after)];
  if (was.bytes === is.bytes && was.cpus === is.cpus) return [];
  const less = is.bytes <= was.bytes && is.cpus <= was.cpus;
  const cause = matched.pairs.find(
    (pair) =>
      !isSame(pair.before.limits, pair.after.limits) || pair.before.instances.length !== pair.after.instances.length,
  )?.after;
  const service = cause ?? matched.added[0] ?? matched.removed[0];
  return [
    {
      level: 'cost',
      subject: 'limits',
      what: `limits of all containers together: ${fromTo(costText(was), costText(is))}`,
      why: less ? 'Less is reserved.' : 'The machine must have that much to spare when everything is busy.',
      cause: {
        construct: service && constructOf(service),
        settings: ['limits.memory', 'limits.cpus', 'maxMemory', 'replicas', 'sentinels'],
        words: [
          'limits',
          'memory',
          'cpus',
          'maxMemory',
          'replicas',
          'sentinels',
          ...(service ? [`'${service.name}'`] : []),
        ],
      },
    },
  ];
}
