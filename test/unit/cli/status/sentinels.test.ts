import { describe, expect, it } from '@jest/globals';
import {
  compareSentinels,
  describeSentinel,
  type Expected,
  type SentinelAnswers,
  sentinelFindings,
} from '../../../../cli/status/sentinels.js';

const expected: Expected = { masterName: 'platform', replicas: 2, sentinels: 3 };
const names = (address: string) =>
  ({ '10.0.0.1': 'redis-0', '10.0.0.2': 'redis-1', '10.0.0.3': 'redis-2', '10.0.1.2': 'redis-sentinel-1' })[address] ??
  address;

const map = (fields: Record<string, string>) => new Map(Object.entries(fields));

const REPLICA = { flags: 'slave', 'master-link-status': 'ok', 'slave-priority': '100' };

/** The fields that count of what Sentinel 7.0 and 8.0 answer. */
function answers(change: {
  master?: Record<string, string>;
  replica?: Record<string, string>;
  other?: Record<string, string>;
  quorum?: string;
}): SentinelAnswers {
  return {
    master: map({
      ip: '10.0.0.1',
      flags: 'master',
      'config-epoch': '1',
      'num-slaves': '2',
      'num-other-sentinels': '2',
      ...change.master,
    }),
    replicas: [map({ ip: '10.0.0.2', ...REPLICA, ...change.replica }), map({ ip: '10.0.0.3', ...REPLICA })],
    others: [map({ ip: '10.0.1.2', flags: 'sentinel', ...change.other }), map({ ip: '10.0.1.3', flags: 'sentinel' })],
    quorum: change.quorum ?? 'OK 3 usable Sentinels. Quorum and failover authorization can be reached',
  };
}

const view = (change: Parameters<typeof answers>[0], name = 'redis-sentinel-0') =>
  describeSentinel(name, answers(change), names, expected);
const problems = (...changes: Parameters<typeof answers>[0][]) =>
  sentinelFindings(changes.map((change, index) => view(change, `redis-sentinel-${index}`))).map(
    ({ problem }) => problem,
  );

describe('a Sentinel', () => {
  it('that knows everybody is well', () => {
    const { status } = view({});
    expect(status).toEqual({
      name: 'redis-sentinel-0',
      master: 'redis-0',
      flags: ['master'],
      replicas: 2,
      electable: ['redis-1', 'redis-2'],
      otherSentinels: 2,
      configEpoch: 1,
      quorum: true,
      ok: true,
    });
    expect(problems({})).toEqual([]);
  });

  it.each([
    ['has no priority yet', { 'slave-priority': '0' }],
    ['has no link to the master', { 'master-link-status': 'err' }],
    ['cannot be reached', { flags: 'slave,s_down,disconnected' }],
  ])('would not elect a replica that %s', (_, replica) => {
    expect(view({ replica }).status.electable).toEqual(['redis-2']);
  });

  it('that is alone with a master without replicas is well', () => {
    const lonely = {
      master: map({ ip: '10.0.0.1', flags: 'master', 'num-slaves': '0', 'num-other-sentinels': '0' }),
      replicas: [],
      others: [],
      quorum: 'OK 1 usable Sentinels.',
    };
    const alone = describeSentinel('redis-sentinel-0', lonely, names, { ...expected, replicas: 0, sentinels: 1 });
    expect(alone.status.ok).toBe(true);
    expect(sentinelFindings([alone])).toEqual([]);
  });

  it.each([
    [{ master: { flags: 's_down,o_down,master' } }, 'the master redis-0 cannot be reached'],
    [{ master: { flags: 's_down,o_down,master,failover_in_progress' } }, 'redis-0 is being failed over'],
    [{ master: { 'num-slaves': '1' } }, 'there are 1 replicas instead of 2'],
    [{ master: { 'num-slaves': '3' } }, 'SENTINEL RESET'],
    [{ master: { 'num-other-sentinels': '1' } }, 'there are 1 other Sentinels instead of 2'],
    [{ replica: { flags: 's_down,slave' } }, 'the replica redis-1 cannot be reached'],
    [{ replica: { 'master-link-status': 'err' } }, 'the replica redis-1 has no link to the master'],
    [{ other: { flags: 's_down,sentinel' } }, 'redis-sentinel-1 cannot be reached'],
    [{ quorum: 'NOQUORUM 1 usable Sentinels.' }, 'a failover could not be agreed on (NOQUORUM 1 usable Sentinels.)'],
  ])('with %j has one problem', (change, problem) => {
    expect(view(change).status.ok).toBe(false);
    expect(problems(change)).toEqual([expect.stringContaining(problem)]);
  });

  it('that says the same as another one is heard once', () => {
    const down = { replica: { flags: 's_down,slave' } };
    expect(problems(down, {}, down)).toEqual([
      'the replica redis-1 cannot be reached, according to redis-sentinel-0, redis-sentinel-2.',
    ]);
  });

  it('that names another master than the others, or than the master port leads to, is a problem', () => {
    const one = view({}).status;
    const other = view({ master: { ip: '10.0.0.2' } }, 'redis-sentinel-1').status;
    const silent = { ...one, master: null };
    expect(compareSentinels([one, silent], 'redis-0')).toEqual([]);
    expect(compareSentinels([one, other], 'redis-0')[0]?.problem).toContain(
      'disagree about the master (redis-sentinel-0: redis-0, redis-sentinel-1: redis-1)',
    );
    expect(compareSentinels([one], 'redis-1')[0]?.problem).toContain(
      'leads to redis-1, but the Sentinels call redis-0',
    );
    expect(compareSentinels([one], undefined)).toEqual([]);
  });
});
