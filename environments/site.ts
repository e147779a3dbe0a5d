import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PlatformError } from '../constructs/core/platform-error.js';

/** What depends on the machine rather than on the environment. Written by the CLI, read at synth. */
const site = z.object({
  /** Marks what this checkout deploys; random. */
  owner: z.string().regex(/^[0-9a-f]{8}$/),
  engine: z.object({ isolatedGateways: z.boolean(), startInterval: z.boolean() }),
  /** The log stack for environments that leave it to the machine: `elastic` needs an image registry. */
  logs: z.enum(['elastic', 'debian']).optional(),
  /** Subnets and ports of deployments that differ from what their environment declares. */
  deployments: z.record(z.string(), z.object({ baseCidr: z.string(), ports: z.record(z.string(), z.number()) })),
});

export type Site = z.output<typeof site>;

/** Before a machine is prepared: what the oldest supported engine can do. */
export const UNPREPARED_SITE: Site = {
  owner: '00000000',
  engine: { isolatedGateways: false, startInterval: false },
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
  const file = siteFile(project);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(site, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
