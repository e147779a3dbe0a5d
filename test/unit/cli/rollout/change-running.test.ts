import { describe, expect, it } from '@jest/globals';
import { isServing, statusBeforeChange } from '../../../../cli/rollout/change-running.js';
import { undeployed } from '../../../../cli/status/gather.js';
import type { ContainerStatus, RedisStatus, Status } from '../../../../cli/status/status.js';
import { synth } from '../../../support/synth.js';

const { topology } = synth();
const MASTER: RedisStatus = { master: 'redis-0', address: '10.0.0.2', offset: 1, replicas: [], lease: null };

function container(name: string, state = 'running', more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name,
    container: `rp-${name}`,
    role: 'service',
    supporting: false,
    state,
    health: 'healthy',
    restarts: 0,
    startedAt: null,
    ok: true,
    ...more,
  };
}
function status(containers: readonly ContainerStatus[], redis: RedisStatus | null): Status {
  return { ...undeployed('dev', ''), containers, redis };
}

describe('clients are served', () => {
  it('where something runs and a master answers; the logs and files alone serve nobody', () => {
    expect(isServing(status([container('redis-0')], MASTER), topology)).toBe(true);
    expect(isServing(status([container('redis-0')], null), topology)).toBe(false);
    expect(isServing(status([container('redis-0', 'exited')], MASTER), topology)).toBe(false);
    const others = [container('es-0', 'running', { supporting: true }), container('x', 'running', { role: 'seeder' })];
    expect(isServing(status(others, MASTER), topology)).toBe(false);
  });
});

describe('before a change', () => {
  const looking = (...views: Status[]) => {
    let looks = 0;
    const look = () => Promise.resolve(views[Math.min(looks++, views.length - 1)] ?? undeployed('dev', ''));
    return { look, looks: () => looks };
  };
  const soon = () => Promise.resolve();
  const silent = status([container('redis-0'), container('proxy-0')], null);

  it('a master that does not answer at once is asked again: everything would be replaced together otherwise', async () => {
    const answering = status([container('redis-0'), container('proxy-0')], MASTER);
    const { look, looks } = looking(silent, silent, answering);
    expect((await statusBeforeChange(look, topology, soon)).redis).toEqual(MASTER);
    expect(looks()).toBe(3);
  });

  it('nobody waits for one where a container does not run, as after an interruption', async () => {
    const { look, looks } = looking(status([container('redis-0'), container('proxy-0', 'missing')], null));
    expect((await statusBeforeChange(look, topology, soon)).redis).toBeNull();
    expect(looks()).toBe(1);
  });

  it('nobody waits for one where nothing is deployed', async () => {
    const { look, looks } = looking(undeployed('dev', ''));
    expect((await statusBeforeChange(look, topology, soon)).containers).toEqual([]);
    expect(looks()).toBe(1);
  });
});
