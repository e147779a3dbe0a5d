import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../../cli/rollout/changes.js';
import { describeRollout } from '../../../../cli/rollout/describe.js';
import { outageReasons, soleInstances } from '../../../../cli/rollout/outage.js';
import { container, seeder, topology } from './rollout.js';

const network = (action: Change['action']): Change => ({
  ...container('api-http', action),
  kind: 'network',
  name: 'rp-dev-api-http',
});
const deployed = { masterName: 'platform' };
const said = (changes: readonly Change[], { masterName = 'platform', passwords = [] as string[] } = {}) =>
  describeRollout(changes, topology, {
    roles: { master: 'redis-0', unwell: new Set() },
    deployed: { masterName },
    passwords,
  });

describe('what a plan says of its way', () => {
  it('is nothing where nothing that runs ends', () => {
    expect(said([seeder('redis'), container('api-2', 'create'), container('elasticsearch-0')])).toEqual([]);
  });

  it('is the order', () => {
    expect(said([container('redis-0'), container('redis-1')])).toEqual([
      'One by one, no outage, in this order:',
      '  1. Replace redis-1',
      '  2. Hand over and replace redis-0',
    ]);
  });

  it('does not promise that there is no outage where one container does it alone', () => {
    const lines = said([container('proxy-0')]);
    expect(lines[0]).toBe('One by one, in this order:');
    expect(lines.at(-1)).toMatch(/only one proxy-0: connections through it end/);
  });

  it('names the passwords of which both are accepted', () => {
    expect(said([container('redis-1')], { passwords: ['redis-app', 'redis-node'] }).at(-1)).toMatch(
      /accepted: redis-app, redis-node/,
    );
  });

  it('is that everything stops, and why', () => {
    const lines = said([network('replace'), container('api-0')], { masterName: 'other' });
    expect(lines).toEqual([
      expect.stringMatching(/^Everything stops/),
      expect.stringMatching(/networks are made anew.*rp-dev-api-http/),
      expect.stringMatching(/masterName becomes platform, it was other/),
    ]);
  });
});

describe('an outage', () => {
  it('is needed for no network that is only made or removed, and not where the name of the master stays', () => {
    expect(outageReasons([network('create'), network('delete'), container('redis-0')], topology, deployed)).toEqual([]);
  });

  it('is short where one container serves alone; the log stack serves no client', () => {
    const all = topology.services.flatMap(({ instances }) => instances.map(({ name }) => container(name)));
    expect(soleInstances(all, topology)).toEqual(['proxy-0']);
  });
});
