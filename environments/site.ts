import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PlatformError } from '../constructs/core/platform-error.js';
import { writeJson } from '../constructs/core/whole-file.mjs';
import type { LogFlavour } from '../constructs/logging/model.js';

/** What the engine can do, see `Engine`. */
const abilities = z.object({ isolatedGateways: z.boolean(), startInterval: z.boolean() });

const OLDEST = { isolatedGateways: false, startInterval: false };
/** The owner before a machine is prepared; a file with mirrors alone may be there already. */
export const NOBODY = '00000000';

/** What depends on the machine rather than on the environment. Written by the CLI, read at synth. */
const site = z.object({
  /** Marks what this checkout deploys; random. */
  owner: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .default(NOBODY),
  engine: abilities.default(OLDEST),
  /** The log stack for environments that leave it to the machine: by its memory, and `elastic` needs an image registry. */
  logs: z.enum(['elastic', 'debian', 'off']).optional(),
  /** Subnets and ports of deployments that differ from what their environment declares, and their engine, which may be another one. */
  deployments: z
    .record(
      z.string(),
      z.object({
        baseCidr: z.string(),
        ports: z.record(z.string(), z.number()),
        /** @default the one above */
        engine: abilities.optional(),
      }),
    )
    .default({}),
  /** Written by hand, kept as it is: see cli/bootstrap/mirrors.mjs. */
  mirrors: z.record(z.string(), z.unknown()).optional(),
});

export type Site = z.output<typeof site>;

/** What of the machine decides what is in the stack. */
export interface MachineFacts {
  /** The log stack that can run here, for environments that leave it to the machine. */
  readonly logs: LogFlavour | 'off';
}

/** Before a machine is prepared: what the oldest supported engine can do. */
export const UNPREPARED_SITE: Site = {
  owner: NOBODY,
  engine: OLDEST,
  deployments: {},
};

/** @param project the folder of the checkout */
export function siteFile(project: string): string {
  return join(project, '.platform', 'site.json');
}

/** @throws PlatformError if the file is there but broken */
export function readSite(project: string): Site {
  const file = siteFile(project);
  if (!existsSync(file)) return UNPREPARED_SITE;
  try {
    return site.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new PlatformError(
      {
        what: '.platform/site.json is damaged',
        allowed: 'what `npm run prepare-machine` wrote',
        fix: 'Delete it and run `npm run prepare-machine`.',
      },
      { cause },
    );
  }
}

export function writeSite(project: string, site: Site): void {
  writeJson(siteFile(project), site);
}
