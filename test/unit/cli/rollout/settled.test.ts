import { describe, expect, it } from '@jest/globals';
import { notSettled } from '../../../../cli/rollout/settled.js';
import type { Wave } from '../../../../cli/rollout/waves.js';
import type { SentinelStatus, Status } from '../../../../cli/status/status.js';
import { container, topology, wellStatus } from './rollout.js';

const wave = (...instances: string[]): Wave => ({
  kind: 'node',
  title: 'x',
  changes: instances.map((name) => container(name)),
});
const after = (status: Status, changed = 'redis-1', ignored: string[] = []) =>
  notSettled(status, wave(changed), topology, new Set(ignored));
const withContainer = (status: Status, wanted: string, change: object): Status => ({
  ...status,
  containers: status.containers.map((one) => (one.name === wanted ? { ...one, ...change } : one)),
});
const withReplica = (status: Status, wanted: string, change: object): Status => ({
  ...status,
  redis: status.redis && {
    ...status.redis,
    replicas: status.redis.replicas.map((one) => (one.name === wanted ? { ...one, ...change } : one)),
  },
});
const withSentinel = (status: Status, wanted: string, change: Partial<SentinelStatus>): Status => ({
  ...status,
  sentinels: status.sentinels.map((one) => (one.name === wanted ? { ...one, ...change } : one)),
});
const well = wellStatus();

describe('the next step of a change', () => {
  it('begins when all is well', () => {
    expect(after(well)).toBeUndefined();
    expect(after(wellStatus('redis-2'), 'redis-0')).toBeUndefined();
  });

  const waits: [why: string, status: Status, said: RegExp, changed?: string][] = [
    [
      'the new container starts',
      withContainer(well, 'redis-1', { ok: false, health: 'starting' }),
      /redis-1 is starting/,
    ],
    [
      'the new container is not there',
      withContainer(well, 'redis-1', { ok: false, health: null }),
      /redis-1 is not run/,
    ],
    ['nobody is master', { ...well, redis: null }, /no master answers/],
    ['a replica copies', withReplica(well, 'redis-2', { link: 'send_bulk' }), /redis-2 is not in sync .*send_bulk/],
    ['a replica is unknown', withReplica(well, 'redis-2', { name: 'x' }), /redis-2 is not in sync .*unknown/],
    ['a replica lags', withReplica(well, 'redis-2', { lagSeconds: 4 }), /redis-2 lags 4 s/],
    [
      'a Sentinel names another',
      withSentinel(well, 'redis-sentinel-1', { master: 'redis-2' }),
      /sentinel-1 calls redis-2/,
    ],
    ['a Sentinel is silent', withSentinel(well, 'redis-sentinel-1', { master: null }), /sentinel-1 calls nobody/],
    [
      'a Sentinel sees the master as down',
      withSentinel(well, 'redis-sentinel-0', { flags: ['master', 's_down'] }),
      /sentinel-0 says master, s_down/,
    ],
    ['a Sentinel has no quorum', withSentinel(well, 'redis-sentinel-0', { quorum: false }), /could not agree/],
    ['a Sentinel misses another', withSentinel(well, 'redis-sentinel-2', { otherSentinels: 1 }), /knows 1 other/],
    [
      'a Sentinel would not elect the new one yet',
      withSentinel(well, 'redis-sentinel-2', { electable: ['redis-2'] }),
      /sentinel-2 would not elect redis-1/,
    ],
    [
      'the proxy does not lead to it yet',
      {
        ...well,
        backends: well.backends.map((backend) => ({
          ...backend,
          servers: backend.servers.map((server) =>
            server.name === 'api-1' ? { ...server, up: false, status: 'DOWN' } : server,
          ),
        })),
      },
      /http does not lead to api-1 yet \(DOWN\)/,
      'api-1',
    ],
  ];
  for (const [why, status, said, changed] of waits) {
    it(`waits while ${why}`, () => {
      expect(after(status, changed)).toMatch(said);
    });
  }

  it('does not wait for what was unwell before, which the change may be meant to repair', () => {
    const unwell = withReplica(withContainer(well, 'redis-2', { ok: false }), 'redis-2', { link: 'missing' });
    const forgotten = ['redis-sentinel-0', 'redis-sentinel-1', 'redis-sentinel-2'].reduce(
      (status, name) => withSentinel(status, name, { electable: ['redis-1'] }),
      unwell,
    );
    expect(after(forgotten)).toMatch(/redis-2/);
    expect(after(forgotten, 'redis-1', ['redis-2'])).toBeUndefined();
  });

  it('lags at most 3 s, as Redis itself counts a replica', () => {
    expect(after(withReplica(well, 'redis-2', { lagSeconds: 3 }))).toBeUndefined();
  });
});
