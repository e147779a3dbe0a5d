import type { Engine } from '../engine/engine.js';
import type { LabelledResource } from './labelled-resources.js';

/** A container that runs in a network, whoever's it is. */
export interface NetworkMember {
  readonly id: string;
  readonly name: string;
}

/** @param network its id or name; one that is gone has no members */
export async function membersOf({ docker }: Pick<Engine, 'docker'>, network: string): Promise<NetworkMember[]> {
  const found = await unlessGone(docker.getNetwork(network).inspect());
  const { Containers } = (found ?? {}) as { Containers?: Record<string, { Name: string }> | null };
  return Object.entries(Containers ?? {}).map(([id, { Name }]) => ({ id, name: Name }));
}

export async function disconnect(
  { docker }: Pick<Engine, 'docker'>,
  network: string,
  container: string,
): Promise<void> {
  await unlessGone(docker.getNetwork(network).disconnect({ Container: container, Force: true }));
}

/**
 * Takes containers that are not the deployment's out of its networks: a network with members cannot be removed, and
 * Terraform waits half a minute in vain for it. They go on otherwise.
 * @param own everything on the engine that is the deployment's
 * @returns what was done, a sentence for each
 */
export async function disconnectStrangers(
  engine: Pick<Engine, 'docker'>,
  own: readonly LabelledResource[],
): Promise<string[]> {
  const ours = new Set(own.map(({ id }) => id));
  const networks = own.filter(({ kind }) => kind === 'network');
  const done = await Promise.all(
    networks.map(async ({ id: network, name }) => {
      const strangers = (await membersOf(engine, network)).filter(({ id }) => !ours.has(id));
      for (const { id } of strangers) await disconnect(engine, network, id);
      return strangers.map(
        (stranger) => `container ${stranger.name}, which is not declared, was taken out of network ${name}`,
      );
    }),
  );
  return done.flat();
}

/** Somebody else was faster. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
