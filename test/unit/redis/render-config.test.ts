import { describe, expect, test } from '@jest/globals';
import { Size } from '../../../constructs/core/units.js';
import { nodeMemory } from '../../../constructs/redis/memory.js';
import { resolveRedis } from '../../../constructs/redis/model.js';
import { DEFAULT_APPEND_ONLY } from '../../../constructs/redis/persistence.js';
import type { RedisReplicationProps } from '../../../constructs/redis/props.js';
import { renderRedisConfig, renderSentinelConfig } from '../../../constructs/redis/render-config.js';

const modelOf = (props: RedisReplicationProps = {}) => resolveRedis('redis', props).model;
const redisConf = (props?: RedisReplicationProps) => renderRedisConfig(modelOf(props));
const directives = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('redis.conf', () => {
  test('has snapshots at 900 1, 300 10, 60 10000 and an append-only file synced every second, rewritten at +100 % from 64 MiB', () => {
    expect(directives(redisConf())).toEqual(
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
    expect(directives(redisConf({ appendOnly: { ...DEFAULT_APPEND_ONLY, fsync } }))).toContain(`appendfsync ${fsync}`);
  });

  test("without snapshots says so: Redis' own default would be to take them", () => {
    expect(directives(redisConf({ savePoints: [] }))).toContain('save ""');
  });

  test('without an append-only file has none of its settings', () => {
    const lines = directives(redisConf({ appendOnly: 'off' }));
    expect(lines).toContain('appendonly no');
    expect(lines.filter((line) => /appendfsync|auto-aof/.test(line))).toEqual([]);
  });

  test('bounds memory in bytes, with the declared policy', () => {
    const lines = directives(redisConf({ maxMemory: Size.mebibytes(32), evictionPolicy: 'allkeys-lfu' }));
    expect(lines).toEqual(expect.arrayContaining(['maxmemory 33554432', 'maxmemory-policy allkeys-lfu']));
  });

  test.each([
    // A replica's share, the clients', and twice maxMemory besides 96 MiB.
    [8, 64, 32, 208],
    [128, 64, 32, 448],
    [1024, 512, 256, 2912],
  ])(
    'buffers beside %i MiB are bounded, and the container has room for all of it',
    (maxMemory, replica, clients, all) => {
      const lines = directives(redisConf({ maxMemory: Size.mebibytes(maxMemory) }));
      expect(lines).toContain(`client-output-buffer-limit replica ${replica * 1024 ** 2} 0 0`);
      expect(lines).toContain(`maxmemory-clients ${clients * 1024 ** 2}`);
      expect(nodeMemory(Size.mebibytes(maxMemory)).container.toMebibytes()).toBe(all);
    },
  );

  test('defragments only where asked to: Redis built without its own allocator refuses the setting', () => {
    expect(redisConf()).not.toContain('activedefrag');
    expect(directives(redisConf({ activeDefrag: true }))).toContain('activedefrag yes');
  });

  test.each([
    ['8MiB', 838_860],
    ['128MiB', 13_421_772],
    ['1000MiB', 104_857_600],
    ['64GiB', 104_857_600],
  ])('with %s defragments what is worth it: %i bytes, a tenth or 100 MiB', (size, bytes) => {
    const maxMemory = Size.parse(size) ?? Size.bytes(0);
    const lines = directives(redisConf({ maxMemory, activeDefrag: true }));
    expect(lines).toContain(`active-defrag-ignore-bytes ${bytes}`);
  });

  test('refuses writes of an isolated master after 3 s', () => {
    expect(directives(redisConf())).toEqual(
      expect.arrayContaining(['min-replicas-to-write 1', 'min-replicas-max-lag 3']),
    );
  });

  test("holds nothing that differs per node or at run time: that is the supervisor's", () => {
    expect(redisConf()).not.toMatch(
      /^(bind|replicaof|replica-priority|replica-announce-ip|masterauth|requirepass|user) /m,
    );
  });

  test('sets everything once and ends with a line end', () => {
    const text = redisConf();
    const names = directives(text).map((line) => line.split(' ')[0]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).not.toContain('\r');
  });
});

test('sentinel.conf monitors the declared master by address, with times in milliseconds', () => {
  const text = renderSentinelConfig(modelOf(), { node: (index) => `10.213.0.${130 + index}`, sentinel: () => '' });
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
