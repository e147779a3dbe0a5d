import type { Engine } from '../engine/engine.js';
import { removeResources } from '../preflight/leftovers.js';
import { disconnect, membersOf, unlessGone } from '../preflight/network-members.js';
import type { Difference } from './difference.js';

/**
 * Puts right what needs no Terraform, in an order in which nothing is in the way of the next.
 * @throws PlatformError with everything that could not be removed
 */
export async function repair(engine: Pick<Engine, 'docker'>, differences: readonly Difference[]): Promise<void> {
  const { docker } = engine;
  const repairs = differences.map((difference) => difference.repair);
  for (const one of repairs) {
    if (one.by === 'disconnect') await disconnect(engine, one.network, one.container);
    if (one.by === 'unpause') await unlessGone(docker.getContainer(one.container).unpause());
  }
  const removals = repairs.flatMap((one) => (one.by === 'removal' ? [one] : []));
  for (const { kind, id } of removals) if (kind === 'network') await disconnectAll(engine, id);
  await removeResources(
    engine,
    removals.map(({ kind, id, name }) => ({ kind, id, name, owner: '' })),
  );
  for (const one of repairs) {
    if (one.by === 'rename') await unlessGone(docker.getContainer(one.container).rename({ name: one.to }));
  }
}

async function disconnectAll(engine: Pick<Engine, 'docker'>, network: string): Promise<void> {
  for (const { id } of await membersOf(engine, network)) await disconnect(engine, network, id);
}
