import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Engine } from '../engine/engine.js';
import { pullImage } from '../images/image-builder.js';

/**
 * The digest that a reference means now. Pulls the image, as Docker's command line does everywhere, engine 20.10 and
 * private registries with a login included; a start then finds it.
 * @throws PlatformError if there is no such image or no registry answers
 */
export async function resolveDigest(engine: Engine, reference: string, declaredAt: string): Promise<string> {
  await pullImage(engine, reference, declaredAt);
  const { RepoDigests } = await engine.docker.getImage(reference).inspect();
  const digest = digestFrom(RepoDigests, reference);
  if (digest !== undefined) return digest;
  throw new PlatformError({
    what: `the engine knows no digest of the image of ${declaredAt}`,
    got: reference,
    fix: 'Push it to a registry: an image that was loaded or built has no digest of one.',
  });
}

/**
 * The one of an image's `RepoDigests` that belongs to the reference's registry and path.
 * @param digests such as `redis@sha256:...`; several if the image was pulled from several registries
 */
export function digestFrom(digests: readonly string[] | undefined, reference: string): string | undefined {
  const wanted = repositoryOf(reference);
  return (digests ?? [])
    .map((one) => one.split('@'))
    .find(([repository = '']) => repositoryOf(repository) === wanted)?.[1];
}

/** Without tag and digest, and as short as Docker writes it: `docker.io/library/redis:8` is `redis`. */
function repositoryOf(reference: string): string {
  return reference
    .replace(/@.*$/, '')
    .replace(/:[^:/]*$/, '')
    .replace(/^(?:index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
}
