import { expect, it } from '@jest/globals';
import { checkMemory } from '../../../../cli/preflight/memory.js';
import type { Topology } from '../../../../constructs/core/topology.js';
import { engineThat } from '../../../support/fake-engine.js';

const service = (name: string, memory: string, supporting: boolean, instances = 1) => ({
  name,
  supporting,
  limits: { memory },
  instances: Array.from({ length: instances }, () => ({})),
});
const topology = (...services: object[]) => ({ services }) as unknown as Topology;
const engineWith = (mebibytes: number) =>
  engineThat({ info: () => Promise.resolve({ MemTotal: mebibytes * 1024 ** 2 }) });

const all = topology(
  service('redis', '4GiB', false, 3),
  service('store', '1GiB', true),
  service('ship', '128MiB', true, 2),
);

it('an engine must have room for all supporting services and something to spare', async () => {
  expect(await checkMemory(engineWith(1024 + 256 + 512), all)).toEqual([]);
  const [problem, ...others] = await checkMemory(engineWith(1024 + 256 + 511), all);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ got: '1791 MiB', allowed: 'from 1792 MiB' });
  expect(problem?.what).toContain('store, ship');
  expect(problem?.fix).toContain("flavour: 'off'");
});

it('without supporting services the engine is not even asked', async () => {
  const silent = engineThat({ info: () => Promise.reject(new Error('asked')) });
  expect(await checkMemory(silent, topology(service('redis', '64GiB', false)))).toEqual([]);
});
