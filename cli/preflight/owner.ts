import type { Problem } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { abandonedNetworks, labelledResources } from './labelled-resources.js';
import { recordedIds } from '../terraform/state.js';

/**
 * Whether another checkout of this project has deployed under the same name: its containers are not ours to replace.
 * @throws PlatformError if the state cannot be read
 */
export async function checkOwner(context: Context, engine: Pick<Engine, 'docker'>, owner: string): Promise<Problem[]> {
  const labelled = await labelledResources(engine, context.name);
  const known = recordedIds(context);
  const abandoned = abandonedNetworks(labelled);
  // What this checkout's own state lists is its own, also after site.json was deleted.
  const foreign = labelled.filter(({ id, owner: theirs }) => theirs !== owner && !known.has(id) && !abandoned.has(id));
  if (foreign.length === 0) return [];
  const [first] = foreign;
  const rest = foreign.length === 1 ? '' : ` and ${foreign.length - 1} more`;
  const filter = `--filter label=redis-platform.deployment=${context.name}`;
  return [
    {
      what: `another checkout has deployed ${context.name} on this engine`,
      got: `${first?.kind ?? ''} ${first?.name ?? ''}${rest}, owner ${first?.owner ?? ''}`,
      fix:
        'Use --instance NAME to run yours beside it, or run `npm run down` in the other checkout. ' +
        `If that is gone: \`docker rm -f -v $(docker ps -aq ${filter})\`, then \`docker network rm $(docker network ls -q ${filter})\`; ` +
        'data volumes stay.',
    },
  ];
}
