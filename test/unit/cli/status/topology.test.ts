import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readTopology } from '../../../../cli/status/topology.js';
import { modelsOf } from '../../../../constructs/models.js';
import { contextIn, stateWith, topologyOf, write, writeSite } from '../../../support/offline-deployment.js';

/** A deployment with this topology.json. */
function deployed(written: (topology: ReturnType<typeof topologyOf>) => object) {
  const context = contextIn();
  writeSite(context, '12345678');
  write(context.paths.state, stateWith([]));
  write(join(context.paths.stack, 'topology.json'), written(topologyOf(context.environment)));
  return context;
}

it('the topology of a deployment is what was written last', async () => {
  const context = deployed((topology) => ({ ...topology, environment: 'as it was' }));
  expect(await readTopology(context)).toMatchObject({ environment: 'as it was' });
});

it('of one that a version without models made is synthesized anew', async () => {
  const context = deployed(({ models, ...rest }) => ({
    ...rest,
    formatVersion: 1,
    environment: String(models.length),
  }));
  const topology = await readTopology(context);
  expect(topology).toMatchObject({ environment: 'dev', formatVersion: 3 });
  expect(topology && modelsOf(topology, 'redis')).toHaveLength(1);
});

it('of one that a later version made is refused', async () => {
  const later = deployed((topology) => ({ ...topology, formatVersion: 4 }));
  await expect(readTopology(later)).rejects.toThrow(/another version of this project \(got formatVersion 4\)/);
  const unknown = deployed((topology) => ({ ...topology, models: [{ kind: 'mail', name: 'mail' }] }));
  await expect(readTopology(unknown)).rejects.toThrow(/a kind that is not known \(got "mail"\).*npm start/);
});
