import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';

/** Raised when an older version of this project could misunderstand a backup. */
export const FORMAT_VERSION = 1;

/** What a backup says about itself: `manifest.json` in it. */
export interface Manifest {
  readonly formatVersion: typeof FORMAT_VERSION;
  /** The environment, and the instance where there is one: `dev_alice`. */
  readonly deployment: string;
  readonly environment: string;
  /** When it was asked for, ISO 8601 in UTC. */
  readonly takenAt: string;
  readonly redisVersion: string;
  /** The node that gave the snapshot. */
  readonly from: 'replica' | 'master';
  readonly mark: Mark;
  /** Counted just before the snapshot, in all databases; writes went on. */
  readonly keys: number;
  /** What the node was allowed (0: no limit), and what its data used, in bytes. */
  readonly memory: { readonly max: number; readonly used: number };
  /** The snapshot, `dump.rdb` in the backup. */
  readonly rdb: { readonly bytes: number; readonly sha256: string };
}

/** How far the data goes. */
export interface Mark {
  /** The replication's id (master_replid). */
  readonly replication: string;
  /** The master's offset when the backup was asked for: whatever had been confirmed by then is in it. */
  readonly asked: number;
  /** The offset of the snapshot, not below `asked`: nothing written after it is in it. */
  readonly taken: number;
}

const count = z.number().int().min(0);
const text = z.string().min(1);
const Versioned = z.looseObject({ formatVersion: z.number().int().min(1) });
const Complete = z.looseObject({
  formatVersion: z.literal(FORMAT_VERSION),
  deployment: text,
  environment: text,
  takenAt: z.iso.datetime(),
  redisVersion: text,
  from: z.enum(['replica', 'master']),
  mark: z.looseObject({ replication: text, asked: count, taken: count }),
  keys: count,
  memory: z.looseObject({ max: count, used: count }),
  rdb: z.looseObject({ bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/**
 * @param file for people
 * @throws PlatformError if it is no manifest, or one of a newer version of this project
 */
export function parseManifest(json: string, file: string): Manifest {
  const value = parseJson(json);
  const versioned = Versioned.safeParse(value);
  if (versioned.success && versioned.data.formatVersion > FORMAT_VERSION) {
    throw new PlatformError({
      what: `${file} was made by a newer version of this project`,
      got: `formatVersion ${versioned.data.formatVersion}`,
      allowed: `up to ${FORMAT_VERSION}`,
      fix: 'Update this checkout, then restore again. Nothing was touched.',
    });
  }
  const complete = Complete.safeParse(value);
  if (!complete.success) {
    const [issue] = complete.error.issues;
    throw new PlatformError(
      {
        what: `the manifest of ${file} cannot be read`,
        got: issue === undefined ? 'something else' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`,
        allowed: 'a file that `npm run backup` has written',
        fix: 'Choose another backup. Nothing was touched.',
      },
      { cause: complete.error },
    );
  }
  return complete.data;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
