import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Change, readChanges } from '../../../../cli/rollout/changes.js';
import { interrupts, planWaves, type Roles, type Wave } from '../../../../cli/rollout/waves.js';
import { outageReasons } from '../../../../cli/rollout/outage.js';
import { synth, type Synthesized } from '../../../support/synth.js';
import { container, instancesOf, seeder, topology } from './rollout.js';

const SERVICES = ['redis', 'redis-sentinel', 'api', 'proxy'];
const HEALTHY: Roles = { master: 'redis-0', unwell: new Set() };
const everything = SERVICES.flatMap(instancesOf);
const titles = (changes: readonly Change[], roles = HEALTHY) =>
  planWaves(changes, topology, roles).map(({ title }) => title);

describe('the order of a change', () => {
  it('of everything: files, Sentinels, replicas, the master, the API, the proxy', () => {
    expect(titles([...SERVICES.map((name) => seeder(name)), ...everything.map((name) => container(name))])).toEqual([
      'Prepare files and networks',
      'Replace redis-sentinel-2',
      'Replace redis-sentinel-1',
      'Replace redis-sentinel-0',
      'Replace redis-2',
      'Replace redis-1',
      'Hand over and replace redis-0',
      'Replace api-1',
      'Replace api-0',
      'Replace proxy-0',
    ]);
  });

  it('follows the roles, not the names', () => {
    const nodes = instancesOf('redis').map((name) => container(name));
    expect(titles(nodes, { master: 'redis-2', unwell: new Set() })).toEqual([
      'Replace redis-1',
      'Replace redis-0',
      'Hand over and replace redis-2',
    ]);
  });

  it('begins with what is unwell, as nothing is lost with it; but never with the master', () => {
    const nodes = instancesOf('redis').map((name) => container(name));
    expect(titles(nodes, { master: 'redis-0', unwell: new Set(['redis-0', 'redis-1']) })).toEqual([
      'Replace redis-1',
      'Replace redis-2',
      'Hand over and replace redis-0',
    ]);
  });

  it('adds before it removes, and removes the master last', () => {
    const changes = [
      container('redis-2', 'delete'),
      container('redis-1', 'delete'),
      container('redis-0'),
      container('api-2', 'create'),
      seeder('redis'),
    ];
    expect(titles(changes, { master: 'redis-2', unwell: new Set() })).toEqual([
      'Add api-2',
      'Remove redis-1',
      'Remove redis-2',
      'Replace redis-0',
    ]);
  });

  it('adds a new client of Redis once all nodes know its user, and more of a known one at once', () => {
    const added = instancesOf('api').map((name) => container(name, 'create'));
    expect(titles([...added, seeder('api', 'create'), container('redis-0'), container('redis-sentinel-1')])).toEqual([
      'Prepare files and networks',
      'Replace redis-sentinel-1',
      'Hand over and replace redis-0',
      'Add api-0, api-1',
    ]);
    expect(titles([container('api-1', 'create'), container('redis-0')])).toEqual([
      'Add api-1',
      'Hand over and replace redis-0',
    ]);
    expect(titles([...added, container('proxy-0')])).toEqual(['Add api-0, api-1', 'Replace proxy-0']);
  });

  it('tells the proxy of a new node at once: any failover may make it the master', () => {
    const changes = [
      container('redis-2', 'create'),
      seeder('proxy'),
      ...['redis-sentinel-0', 'redis-0', 'api-0', 'proxy-0'].map((name) => container(name)),
    ];
    expect(titles(changes)).toEqual([
      'Add redis-2, replace proxy-0',
      'Replace redis-sentinel-0',
      'Hand over and replace redis-0',
      'Replace api-0',
    ]);
    expect(titles([container('api-2', 'create'), container('proxy-0')])).toEqual(['Add api-2', 'Replace proxy-0']);
  });

  it('leaves what only supports, outputs and removed networks to the end, together', () => {
    const other: Change = { ...container('x', 'delete'), kind: 'network', address: 'docker_network.x' };
    const waves = planWaves([container('elasticsearch-0'), container('filebeat-0'), other], topology, HEALTHY);
    expect(waves.map(({ kind, changes }) => [kind, changes.length])).toEqual([['rest', 3]]);
  });

  it('is none where nothing has to end', () => {
    expect(interrupts([container('api-2', 'create'), container('api-0', 'update'), seeder('api')], topology)).toBe(
      false,
    );
    expect(interrupts([container('elasticsearch-0')], topology)).toBe(false);
    expect(interrupts([container('api-0')], topology)).toBe(true);
    expect(interrupts([container('redis-2', 'delete')], topology)).toBe(true);
  });
});

describe('memory that is defragmented, from now on or no longer', () => {
  const synthWith = (activeDefrag?: boolean) => synth(activeDefrag === undefined ? {} : { redis: { activeDefrag } });
  // What a container is made of differs, so the provider makes it anew.
  const changesOf = (before: Synthesized, after: Synthesized) => {
    const [was, is] = [before, after].map(({ terraform }) => terraform.resource.docker_container);
    const differing = Object.entries(is ?? {}).filter(([key, now]) => !isDeepStrictEqual(was?.[key], now));
    return readChanges({
      resource_changes: differing.map(([key, now]) => ({
        address: `docker_container.${key}`,
        type: 'docker_container',
        change: { actions: ['delete', 'create'], before: was?.[key], after: now },
      })),
    });
  };

  it.each([
    ['on', undefined, true],
    ['off', true, false],
  ])('%s: replaces the nodes one by one, the master last, and nothing else', (_, before, after) => {
    const [was, is] = [synthWith(before), synthWith(after)];
    const changes = changesOf(was, is);
    expect(planWaves(changes, is.topology, HEALTHY).map(({ title }) => title)).toEqual([
      'Prepare files and networks',
      'Replace redis-2',
      'Replace redis-1',
      'Hand over and replace redis-0',
    ]);
    expect(outageReasons(changes, is.topology, { masterName: 'platform' })).toEqual([]);
  });

  it('is no change where it was off already', () => {
    expect(changesOf(synthWith(), synthWith(false))).toEqual([]);
  });
});

describe('whatever changes and whoever is master', () => {
  const anyChanges = fc.subarray(everything).chain((names) =>
    fc
      .tuple(
        fc.tuple(
          ...names.map((name) =>
            fc
              .constantFrom<Change['action']>('replace', 'delete', 'create', 'update')
              .map((action) => container(name, action)),
          ),
        ),
        fc.subarray(SERVICES).map((services) => services.map((name) => seeder(name))),
      )
      .map(([containers, seeders]) => [...seeders, ...containers]),
  );
  const anyRoles = fc.record({
    master: fc.constantFrom(...instancesOf('redis')),
    unwell: fc.subarray(everything).map((names) => new Set(names)),
  });
  const ends = ({ action, kind }: Change) => kind === 'container' && (action === 'replace' || action === 'delete');

  it('each change is in exactly one wave', () => {
    fc.assert(
      fc.property(anyChanges, anyRoles, (changes, roles) => {
        const planned = planWaves(changes, topology, roles).flatMap(({ changes: some }) => some);
        expect([...planned].sort(byAddress)).toEqual([...changes].sort(byAddress));
      }),
    );
  });

  it('no wave ends two containers, and the master ends after every other node', () => {
    fc.assert(
      fc.property(anyChanges, anyRoles, (changes, roles) => {
        const waves: Wave[] = planWaves(changes, topology, roles);
        for (const wave of waves) expect(wave.changes.filter(ends).length).toBeLessThanOrEqual(1);
        const ending = waves.flatMap((wave) => wave.changes.filter(ends)).filter(({ service }) => service === 'redis');
        const at = ending.findIndex(({ instance }) => instance === roles.master);
        // A master that is to stay is replaced after those that are to go; one that is to go, after the others that are.
        const after = ending.slice(at + 1).filter(({ action }) => action === ending[at]?.action);
        if (at >= 0) expect(after).toEqual([]);
      }),
    );
  });

  it('planning again after each wave, as a rollout does, gives the same order', () => {
    fc.assert(
      fc.property(anyChanges, anyRoles, (changes, roles) => {
        const all = planWaves(changes, topology, roles);
        all.forEach((wave, index) => {
          const left = all.slice(index).flatMap(({ changes: some }) => some);
          expect(planWaves(left, topology, roles)[0]?.title).toBe(wave.title);
        });
      }),
    );
  });
});

function byAddress(a: Change, b: Change): number {
  return a.address < b.address ? -1 : 1;
}
