import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.js';
import { nameOf } from '../status/containers.js';
import type { ImageFacts } from './image-facts.js';

/** What the engine holds, at one moment. */
export interface EngineView {
  /** The deployment that was asked about. */
  readonly deployment: string;
  /** Whoever's they are, stopped ones too. */
  readonly all: readonly Docker.ContainerInfo[];
  /** Those with a name that is asked for, or with the deployment's label. */
  readonly containers: readonly Docker.ContainerInspectInfo[];
  readonly networks: readonly Docker.NetworkInspectInfo[];
  /** By reference; those that are not there are missing. */
  readonly images: ReadonlyMap<string, ImageFacts>;
  /** The kernel can limit swap. */
  readonly swapLimit: boolean;
}

export interface Wanted {
  readonly deployment: string;
  readonly containers: readonly string[];
  readonly images: readonly string[];
}

/** Four requests at once, and one for each container. */
export async function viewEngine(engine: Pick<Engine, 'docker' | 'swapLimit'>, wanted: Wanted): Promise<EngineView> {
  const { docker } = engine;
  const names = new Set(wanted.containers);
  const [{ all, containers }, networks, images] = await Promise.all([
    docker.listContainers({ all: true }).then(async (all) => {
      const ours = all.filter(
        ({ Names, Labels }) => names.has(nameOf(Names)) || Labels['redis-platform.deployment'] === wanted.deployment,
      );
      const inspected = await Promise.all(ours.map(({ Id }) => unlessGone(docker.getContainer(Id).inspect())));
      return { deployment: wanted.deployment, all, containers: inspected.filter((one) => one !== undefined) };
    }),
    docker.listNetworks(),
    Promise.all(
      [...new Set(wanted.images)].map(async (reference) => {
        const image = await unlessGone(docker.getImage(reference).inspect());
        return image ? [[reference, image] as const] : [];
      }),
    ),
  ]);
  return {
    deployment: wanted.deployment,
    all,
    containers,
    networks,
    images: new Map(images.flat()),
    swapLimit: engine.swapLimit,
  };
}

async function unlessGone<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
