import type { RecordedResource } from '../terraform/state.js';
import type { Difference } from './difference.js';
import type { EngineView } from './engine-view.js';
import type { Program } from './program.js';

/**
 * Containers and networks that carry the deployment's label, under names that nobody declared, and that Terraform did
 * not make: left by an interrupted run, or made by hand to look like the deployment's own.
 */
export function impostors(
  { containers, networks }: Program,
  recorded: readonly RecordedResource[],
  view: EngineView,
): Difference[] {
  const known = new Set([
    ...recorded.flatMap(({ id, name }) => [id, name]),
    ...[...containers, ...networks].map(({ name }) => name),
  ]);
  const label = (labels: Readonly<Record<string, string>> | null | undefined) =>
    labels?.['redis-platform.deployment'] === view.deployment;
  const labelled = [
    ...view.containers.map(({ Id, Name, Config }) => ({
      kind: 'container' as const,
      id: Id,
      name: Name.slice(1),
      labelled: label(Config.Labels),
    })),
    ...view.networks.map(({ Id, Name, Labels }) => ({
      kind: 'network' as const,
      id: Id,
      name: Name,
      labelled: label(Labels),
    })),
  ];
  return labelled
    .filter((one) => one.labelled && !known.has(one.id) && !known.has(one.name))
    .map(({ kind, id, name }) => ({
      what: `${kind} ${name} carries the deployment's label, and is not declared`,
      address: undefined,
      repair: { by: 'removal', kind, id, name },
    }));
}
