import { digestIn, IMAGE_LOCK_FILE, type ImageLock, readImageLock } from '../../constructs/core/image-lock.js';
import { type Problem, PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { type DeclaredImages, declaredImages } from '../images/declared-images.js';

const RENEW = 'Run `npm run lock` and commit images.lock.json.';

/** Where declaration and lock disagree about images that are declared. */
export function lockDrift(declared: DeclaredImages, lock: ImageLock): Problem[] {
  const pulled = [...declared.pulled].flatMap(([reference, declaredAt]): Problem[] => {
    const locked = Object.hasOwn(lock.pulled, reference) ? lock.pulled[reference] : undefined;
    const own = digestIn(reference);
    if (locked !== undefined && (own === undefined || own === locked)) return [];
    const what = locked === undefined ? 'is not in' : 'has another digest in';
    return [{ what: `the image ${reference} of ${declaredAt} ${what} ${IMAGE_LOCK_FILE}`, fix: RENEW }];
  });
  const built = [...declared.built].flatMap(([folder, hash]): Problem[] => {
    const locked = Object.hasOwn(lock.built, folder) ? lock.built[folder] : undefined;
    if (locked === hash) return [];
    const what = locked === undefined ? `is not in ${IMAGE_LOCK_FILE}` : `has changed since ${IMAGE_LOCK_FILE}`;
    return [{ what: `the image of ${folder} ${what}`, got: hash, ...(locked && { allowed: locked }), fix: RENEW }];
  });
  return [...pulled, ...floatingBases(declared), ...built];
}

/**
 * Parts what stands in the way of a log stack that comes from registries from what concerns every deployment: without a registry nobody can
 * fix it here, and the rest is locked all the same.
 * @param elsewhere what is declared without that stack
 * @returns also a line that names it, where it is not locked
 */
export function apartFromElastic(
  problems: readonly Problem[],
  elsewhere: DeclaredImages,
): { readonly problems: Problem[]; readonly refusal: string | undefined } {
  const needed = new Set(floatingBases(elsewhere).map(({ what }) => what));
  const bases = new Set(
    [...problems].map(({ what }) => what).filter((what) => FLOATING.test(what) && !needed.has(what)),
  );
  const refusal =
    bases.size === 0
      ? undefined
      : `Not locked: logs.flavour elastic, which --frozen therefore refuses; the other flavours are. ${[...bases].join('; ')}. ` +
        'Where a registry answers, write the digest that `docker pull` prints behind the tag in these files.';
  return { problems: problems.filter(({ what }) => !bases.has(what)), refusal };
}

const FLOATING = /\/Dockerfile is built from what .* means on the day$/;

/** Nothing but the Dockerfile itself can say what it is built from. */
export function floatingBases({ floating }: DeclaredImages): Problem[] {
  return [...floating].map(([reference, file]) => ({
    what: `${file} is built from what ${reference} means on the day`,
    fix: `Write \`FROM ${reference}@sha256:...\` there, with the digest that \`docker pull ${reference}\` prints.`,
  }));
}

/** What the lock holds although nobody declares it any more. */
export function lockLeftovers(declared: DeclaredImages, lock: ImageLock): Problem[] {
  const unused = [
    ...Object.keys(lock.pulled).filter((reference) => !declared.pulled.has(reference)),
    ...Object.keys(lock.built).filter((folder) => !declared.built.has(folder)),
  ];
  return unused.map((image) => ({ what: `${IMAGE_LOCK_FILE} has ${image}, which nothing declares`, fix: RENEW }));
}

/** A line about what a deployment runs and the lock does not have, or has otherwise. */
export function lockNote(topology: Topology, lock: ImageLock = readImageLock()): string | undefined {
  const problems = lockDrift(declaredImages([topology]), lock);
  return problems.length === 0 ? undefined : `${problems.map(({ what }) => what).join('; ')}. ${RENEW}`;
}

/**
 * What `--frozen` asks for.
 * @throws PlatformError with every image that is not locked, or not as it was locked
 */
export function requireLocked(topology: Topology, lock: ImageLock = readImageLock()): void {
  const problems = lockDrift(declaredImages([topology]), lock);
  if (problems.length > 0) throw PlatformError.all(problems);
}
