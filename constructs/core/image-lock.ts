import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { PlatformError } from './platform-error.js';

/** Relative to the project; committed. Written by `npm run lock`, read at synth. */
export const IMAGE_LOCK_FILE = 'images.lock.json';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const imageLock = z.object({
  formatVersion: z.literal(1),
  /** Digests of the images that registries hold, by the reference in the code; several platforms share one. */
  pulled: z.record(z.string(), digest),
  /** Content hashes of the images that are built, by folder. */
  built: z.record(z.string(), z.string().regex(/^[0-9a-f]{12}$/)),
});

/** Which images exactly the platform was last declared to run. */
export type ImageLock = z.output<typeof imageLock>;

export const EMPTY_LOCK: ImageLock = { formatVersion: 1, pulled: {}, built: {} };

/** @throws PlatformError if the file is there but broken, after a merge for example */
export function readImageLock(file = IMAGE_LOCK_FILE): ImageLock {
  if (!existsSync(file)) return EMPTY_LOCK;
  try {
    return imageLock.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new PlatformError(
      {
        what: `${IMAGE_LOCK_FILE} cannot be read`,
        allowed: 'what `npm run lock` wrote',
        fix: `Take back the last change of it (\`git checkout -- ${IMAGE_LOCK_FILE}\`), then run \`npm run lock\`.`,
      },
      { cause },
    );
  }
}

/** The same lock always gives the same text. */
export function renderImageLock({ formatVersion, pulled, built }: ImageLock): string {
  return `${JSON.stringify({ formatVersion, pulled: sorted(pulled), built: sorted(built) }, null, 2)}\n`;
}

/** The digest in a reference, where it has one. */
export function digestIn(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}

/** A reference as it is to be pulled: by its locked digest, whatever its tag has come to mean since. */
export function lockedReference(reference: string, { pulled }: ImageLock): string {
  const locked = Object.hasOwn(pulled, reference) ? pulled[reference] : undefined;
  return locked === undefined || digestIn(reference) !== undefined ? reference : `${reference}@${locked}`;
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
