import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { Duration } from '../../constructs/core/units.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { abandonedNetworks, type LabelledResource, labelledResources } from './labelled-resources.js';
import { isLeaked, leakedNetwork, networkRemovalProblem } from './network-removal.js';
import { recordedIds } from '../terraform/state.js';

/**
 * All of it that this checkout made, in whatever run.
 * @throws PlatformError if the state or the site cannot be read
 */
export async function ownResources(context: Context, engine: Pick<Engine, 'docker'>): Promise<LabelledResource[]> {
  const known = recordedIds(context);
  const { owner } = readSite(context.project.folder);
  const labelled = await labelledResources(engine, context.name);
  return labelled.filter((resource) => resource.owner === owner || known.has(resource.id));
}

/**
 * What an interrupted apply left behind: made by this checkout, or by one that has gone, but not in Terraform's state, so that Terraform
 * would try to make it again and fail.
 * @throws PlatformError if the state or the site cannot be read
 */
export async function findLeftovers(context: Context, engine: Pick<Engine, 'docker'>): Promise<LabelledResource[]> {
  const known = recordedIds(context);
  const { owner } = readSite(context.project.folder);
  const labelled = await labelledResources(engine, context.name);
  const abandoned = abandonedNetworks(labelled);
  return labelled.filter(({ id, owner: theirs }) => !known.has(id) && (theirs === owner || abandoned.has(id)));
}

/**
 * Removes them: containers with their anonymous volumes, then networks. Named volumes, which hold data, always stay.
 * Containers are stopped first and get the time they ask for, as one of them may be a Redis master with something to
 * hand over.
 * @throws PlatformError with everything that could not be removed
 */
export async function removeResources(
  engine: Pick<Engine, 'docker'>,
  resources: readonly LabelledResource[],
): Promise<void> {
  const leaked = await removeWhatGoes(engine, resources);
  if (leaked.length > 0) throw PlatformError.all(leaked.map(({ name }) => leakedNetwork(name)));
}

/**
 * Like `removeResources`, but leaves networks that the engine lets nobody remove until it is restarted.
 * @returns these networks
 * @throws PlatformError with everything else that could not be removed
 */
export async function removeWhatGoes(
  engine: Pick<Engine, 'docker'>,
  resources: readonly LabelledResource[],
): Promise<LabelledResource[]> {
  const containers = resources.filter(({ kind }) => kind === 'container');
  const networks = resources.filter(({ kind }) => kind === 'network');
  const leaked: LabelledResource[] = [];
  const problems = [
    ...(await Promise.all(containers.map((container) => removeContainer(engine, container)))),
    ...(await Promise.all(
      networks.map(async (network) => {
        const result = await removeNetwork(engine, network);
        if (result === 'leaked') leaked.push(network);
        return result === 'leaked' ? [] : result;
      }),
    )),
  ].flat();
  if (problems.length > 0) throw PlatformError.all(problems);
  return leaked;
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
        what: `the container ${name} cannot be removed`,
        got: error instanceof Error ? error.message : String(error),
        fix: `Run \`docker rm -f -v ${name}\`, then the command again.`,
      },
    ];
  }
}

/** An engine that just removed the last member may need a moment to notice. */
const LEAKED_AFTER = Duration.seconds(3);

async function removeNetwork(
  engine: Pick<Engine, 'docker'>,
  { id, name }: LabelledResource,
): Promise<Problem[] | 'leaked'> {
  for (const deadline = Date.now() + LEAKED_AFTER.toMilliseconds(); ;) {
    try {
      await unlessDone(engine.docker.getNetwork(id).remove());
      return [];
    } catch (error) {
      if (!(await isLeaked(engine, name, error))) return [await networkRemovalProblem(engine, name, error)];
      if (Date.now() >= deadline) return 'leaked';
      await pause(300);
    }
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
