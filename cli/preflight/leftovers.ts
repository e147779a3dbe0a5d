import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../machine/engine.js';
import { nameOf } from '../status/containers.js';
import { networkRemovalProblem } from './network-removal.js';
import { recordedIds } from './terraform-state.js';

/** A container or network on the engine that carries a deployment's label. */
export interface LabelledResource {
  readonly kind: 'container' | 'network';
  readonly id: string;
  readonly name: string;
  /** Of the checkout that made it; empty where it does not say. */
  readonly owner: string;
}

/** Everything on the engine that says it belongs to a deployment; volumes are never among them. */
export async function labelledResources(
  { docker }: Pick<Engine, 'docker'>,
  deployment: string,
): Promise<LabelledResource[]> {
  const filters = { label: [`redis-platform.deployment=${deployment}`] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  return [
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: 'container' as const,
      id: Id,
      name: nameOf(Names),
      owner: Labels['redis-platform.owner'] ?? '',
    })),
    ...networks.map(({ Id, Name, Labels }) => ({
      kind: 'network' as const,
      id: Id,
      name: Name,
      owner: Labels?.['redis-platform.owner'] ?? '',
    })),
  ];
}

/**
 * What an interrupted apply left behind: made by this checkout, but not in Terraform's state, so that Terraform would
 * try to make it again and fail.
 * @throws PlatformError if the state or the site cannot be read
 */
export async function findLeftovers(context: Context, engine: Pick<Engine, 'docker'>): Promise<LabelledResource[]> {
  const known = recordedIds(context);
  const { owner } = readSite(context.project);
  const labelled = await labelledResources(engine, context.name);
  return labelled.filter((resource) => resource.owner === owner && !known.has(resource.id));
}

/**
 * Removes them: containers with their anonymous volumes, then networks. Named volumes, which hold data, always stay.
 * Containers are stopped first and get the time they ask for, as one of them may be a Redis master with something to
 * hand over.
 * @throws PlatformError with everything that could not be removed
 */
export async function removeLeftovers(
  engine: Pick<Engine, 'docker'>,
  leftovers: readonly LabelledResource[],
): Promise<void> {
  const containers = leftovers.filter(({ kind }) => kind === 'container');
  const networks = leftovers.filter(({ kind }) => kind === 'network');
  const problems = [
    ...(await Promise.all(containers.map((container) => removeContainer(engine, container)))),
    ...(await Promise.all(networks.map((network) => removeNetwork(engine, network)))),
  ].flat();
  if (problems.length > 0) throw PlatformError.all(problems);
}

async function removeContainer(engine: Pick<Engine, 'docker'>, { id, name }: LabelledResource): Promise<Problem[]> {
  const container = engine.docker.getContainer(id);
  try {
    await unlessDone(container.stop());
    await unlessDone(container.remove({ v: true, force: true }));
    return [];
  } catch (error) {
    return [
      {
        what: `the container ${name}, left by an interrupted run, cannot be removed`,
        got: error instanceof Error ? error.message : String(error),
        fix: `Run \`docker rm -f -v ${name}\`, then the command again.`,
      },
    ];
  }
}

async function removeNetwork(engine: Pick<Engine, 'docker'>, { id, name }: LabelledResource): Promise<Problem[]> {
  try {
    await unlessDone(engine.docker.getNetwork(id).remove());
    return [];
  } catch (error) {
    return [await networkRemovalProblem(engine, name, error)];
  }
}

/** Already stopped (304), already gone (404), or being removed by someone else (409 "is already in progress"). */
async function unlessDone(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    const inProgress = statusCode === 409 && message?.includes('already in progress') === true;
    if (statusCode !== 304 && statusCode !== 404 && !inProgress) throw error;
  }
}
