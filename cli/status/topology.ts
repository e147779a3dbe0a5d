import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topology } from '../../constructs/core/topology.js';
import { checkTopology, isEarlier } from '../../constructs/models.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';

/**
 * The topology as it was last synthesized; synthesized now where that was cleaned away, or done by an earlier version.
 * @returns undefined if this deployment was never made here
 * @throws PlatformError if a later version of this project wrote it
 */
export async function readTopology({ paths, environment, instance, project }: Context): Promise<Topology | undefined> {
  const file = join(paths.stack, 'topology.json');
  if (existsSync(file)) {
    const written: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isEarlier(written)) return checkTopology(written, file, 'Use that version, or run `npm start` with this one.');
  }
  if (!existsSync(paths.state)) return undefined;
  // Loading cdktf takes longer than all the rest of a status.
  const { declare } = await import('../synth/declare.js');
  const site = readSite(project.folder);
  return (await declare(project, { environment, instance, site, policies: 'ignore' })).topology;
}
