import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topology } from '../../constructs/core/topology.js';
import { readSite } from '../../environments/site.js';
import type { Context } from '../context.js';

/**
 * The topology as it was last synthesized; synthesized now where that was cleaned away.
 * @returns undefined if this deployment was never made here
 */
export async function readTopology({ paths, environment, instance, project }: Context): Promise<Topology | undefined> {
  const file = join(paths.stack, 'topology.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Topology;
  if (!existsSync(paths.state)) return undefined;
  // Loading cdktf takes longer than all the rest of a status.
  const { synthesize } = await import('../../stacks/synth.js');
  return synthesize({ environment, instance, site: readSite(project), policies: 'ignore' });
}
