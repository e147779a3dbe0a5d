import { describe, expect, test } from '@jest/globals';
import { Duration, Size } from '../../../constructs/core/units.js';
import { type RedisOptions, renderRedisConfig, renderSentinelConfig } from '../../../constructs/redis/render-config.js';
import { DEFAULT_APPEND_ONLY, DEFAULT_SAVE_POINTS } from '../../../constructs/redis/redis-replication.js';

const defaults: RedisOptions = {
  persistence: { savePoints: DEFAULT_SAVE_POINTS, appendOnly: DEFAULT_APPEND_ONLY },
  maxMemory: Size.mebibytes(128),
  evictionPolicy: 'noeviction',
  activeDefrag: false,
  minReplicasToWrite: 1,
};
const directives = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('redis.conf', () => {
  test('has snapshots at 900 1, 300 10, 60 10000 and an append-only file synced every second, rewritten at +100 % from 64 MiB', () => {
    expect(directives(renderRedisConfig(defaults))).toEqual(
      expect.arrayContaining([
        'save 900 1 300 10 60 10000',
        'appendonly yes',
        'appendfsync everysec',
        'auto-aof-rewrite-percentage 100',
        `auto-aof-rewrite-min-size ${64 * 1024 ** 2}`,
      ]),
    );
  });

  test.each(['always', 'everysec', 'no'] as const)('syncs the append-only file %s', (fsync) => {
    const persistence = { ...defaults.persistence, appendOnly: { ...DEFAULT_APPEND_ONLY, fsync } };
    expect(directives(renderRedisConfig({ ...defaults, persistence }))).toContain(`appendfsync ${fsync}`);
  });

  test("without snapshots says so: Redis' own default would be to take them", () => {
    const persistence = { ...defaults.persistence, savePoints: [] };
    expect(directives(renderRedisConfig({ ...defaults, persistence }))).toContain('save ""');
  });

  test('without an append-only file has none of its settings', () => {
    const lines = directives(
      renderRedisConfig({ ...defaults, persistence: { ...defaults.persistence, appendOnly: undefined } }),
    );
    expect(lines).toContain('appendonly no');
    expect(lines.filter((line) => /appendfsync|auto-aof/.test(line))).toEqual([]);
  });

  test('bounds memory in bytes, with the declared policy', () => {
    const lines = directives(
      renderRedisConfig({ ...defaults, maxMemory: Size.mebibytes(32), evictionPolicy: 'allkeys-lfu' }),
    );
    expect(lines).toEqual(expect.arrayContaining(['maxmemory 33554432', 'maxmemory-policy allkeys-lfu']));
  });

  test('defragments only where asked to: Redis built without its own allocator refuses the setting', () => {
    expect(renderRedisConfig(defaults)).not.toContain('activedefrag');
    expect(directives(renderRedisConfig({ ...defaults, activeDefrag: true }))).toContain('activedefrag yes');
  });

  test('refuses writes of an isolated master after 3 s', () => {
    expect(directives(renderRedisConfig(defaults))).toEqual(
      expect.arrayContaining(['min-replicas-to-write 1', 'min-replicas-max-lag 3']),
    );
  });

  test("holds nothing that differs per node or at run time: that is the supervisor's", () => {
    expect(renderRedisConfig(defaults)).not.toMatch(
      /^(bind|replicaof|replica-priority|replica-announce-ip|masterauth|requirepass|user) /m,
    );
  });

  test('sets everything once and ends with a line end', () => {
    const text = renderRedisConfig(defaults);
    const names = directives(text).map((line) => line.split(' ')[0]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).not.toContain('\r');
  });
});

test('sentinel.conf monitors the declared master by address, with times in milliseconds', () => {
  const text = renderSentinelConfig({
    masterName: 'platform',
    declaredMaster: '10.213.0.130',
    quorum: 2,
    downAfter: Duration.milliseconds(1500),
    failoverTimeout: Duration.seconds(10),
    parallelSyncs: 2,
  });
  expect(directives(text)).toEqual([
    'port 26379',
    'dir /data',
    'aclfile /config/sentinel-users.acl',
    'protected-mode no',
    'sentinel resolve-hostnames no',
    'sentinel monitor platform 10.213.0.130 6379 2',
    'sentinel down-after-milliseconds platform 1500',
    'sentinel failover-timeout platform 10000',
    'sentinel parallel-syncs platform 2',
  ]);
});
