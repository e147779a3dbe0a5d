import type { Topology } from '../../constructs/core/topology.js';
import type { Change } from './changes.js';
import { type Deployed, outageReasons, soleInstances } from './outage.js';
import { interrupts, isRest, planWaves, type Roles } from './waves.js';

/**
 * How a start would make these changes while the platform runs, for people. Empty where nothing that runs has to end.
 * @param passwords names of secrets that change, of which old and new are accepted meanwhile
 */
export function describeRollout(
  changes: readonly Change[],
  topology: Topology,
  {
    roles,
    deployed,
    passwords = [],
  }: { readonly roles: Roles; readonly deployed: Deployed; readonly passwords?: readonly string[] },
): string[] {
  if (!interrupts(changes, topology)) return [];
  const reasons = outageReasons(changes, topology, deployed);
  if (reasons.length > 0) {
    return ['Everything stops and starts again, as this cannot be done one by one:', ...reasons.map(item)];
  }
  const order = planWaves(changes, topology, roles)
    .filter((wave) => !isRest(wave))
    .map(({ title }) => title);
  const alone = soleInstances(changes, topology);
  return [
    alone.length === 0 ? 'One by one, no outage, in this order:' : 'One by one, in this order:',
    ...order.map((title, index) => `  ${index + 1}. ${title}`),
    ...(passwords.length === 0 ? [] : [`Until then, old and new passwords are accepted: ${passwords.join(', ')}.`]),
    ...(alone.length === 0
      ? []
      : [
          `There is only one ${alone.join(', and only one ')}: connections through it end, and its clients wait until it is back.`,
        ]),
  ];
}

function item(text: string): string {
  return `  - ${text}`;
}
