import { describe, expect, test } from '@jest/globals';
import { compare } from '../../cli/review/compare.js';
import { modelsOf } from '../../constructs/models.js';
import { parseEnvironment } from '../../environments/schema.js';
import { dev } from '../support/dev.js';
import { declarationOf } from '../support/declaration.js';
import { type Change, synth } from '../support/synth.js';

const NAME = 'redis-backups';
const without = synth();
const withBackups = (backups: Change['backups']) => synth({ backups });
const declared = withBackups({ every: '30min', keep: { count: 3, maxAge: '2d' } });

test('nothing of them is there unless they are declared', () => {
  expect(without.text).not.toContain(NAME);
  expect(without.text).not.toContain('redis-backup');
});

describe('scheduled backups', () => {
  const service = declared.topology.services.find(({ name }) => name === NAME);
  const container = declared.containers.find(({ name }) => name === `rp-dev-${NAME}-0`);
  const file = (path: string) => service?.files.find((one) => one.path === path)?.text ?? '';

  test('are one supporting container that reaches the nodes and nothing else, and that nobody reaches', () => {
    expect([service?.instances.length, service?.supporting, service?.endpoints]).toEqual([1, true, []]);
    expect(container?.networks_advanced?.map(({ name }) => name)).toEqual(['${docker_network.network-redis.name}']);
    expect(container?.ports ?? []).toEqual([]);
  });

  test('keep them in a volume of their own', () => {
    expect(
      service?.instances[0]?.volumes.filter(({ readOnly }) => !readOnly).map(({ name, path }) => [name, path]),
    ).toContainEqual([`rp-dev-${NAME}-0-data`, '/backups']);
  });

  test('are told where the nodes are, when and how many', () => {
    expect(JSON.parse(file('/config/backup.json'))).toEqual({
      nodes: ['10.213.0.130:6379', '10.213.0.131:6379', '10.213.0.132:6379'],
      redisUser: { username: 'backup', passwordFile: '/config/secrets/redis-backup' },
      fencing: 'lease',
      everySeconds: 1800,
      keep: { count: 3, maxAgeSeconds: 172_800 },
    });
    expect(modelsOf(withBackups({}).topology, 'backups')).toMatchObject([
      { service: NAME, redis: 'redis', everyMs: 3_600_000, count: 24, maxAgeMs: 7 * 86_400_000 },
    ]);
  });

  test('have a user that can ask for a snapshot and nothing else', () => {
    const users = declared.topology.services.find(({ name }) => name === 'redis')?.files;
    const acl = users?.find(({ path }) => path === '/config/users.acl')?.text ?? '';
    expect(acl.split('\n').filter((line) => line.startsWith('user backup '))).toEqual([
      expect.stringMatching(/^user backup on #\S+ resetchannels -@all \+info \+replconf \+psync$/),
    ]);
  });

  test.each([
    [{ every: '30s' }, 'backups.every'],
    [{ keep: { count: 0 } }, 'backups.keep.count'],
    [{ keep: { maxAge: '7 days' } }, 'backups.keep.maxAge'],
    [{ hours: 1 }, 'backups.hours'],
  ])('that are declared as %j are refused', (backups, path) => {
    expect(() => parseEnvironment({ ...dev, backups })).toThrow(path);
  });
});

describe('a review', () => {
  const levels = (before: typeof declared, after: typeof declared, subject = NAME) =>
    compare(declarationOf(before), declarationOf(after))
      .filter((finding) => finding.subject === subject && finding.level === 'data')
      .map(({ what }) => what);

  test('says that data is at stake where fewer are taken or kept, and where there are none any more', () => {
    const less = withBackups({ every: '1h', keep: { count: 2, maxAge: '1d' } });
    expect(levels(declared, less)).toEqual([
      `\`${NAME}\`: time between two backups: \`30min\` → \`1h\``,
      `\`${NAME}\`: backups that are kept: \`3\` → \`2\``,
      `\`${NAME}\`: backups are kept for: \`2d\` → \`1d\``,
    ]);
    expect(levels(declared, without)).toEqual([expect.stringContaining('loses its owner')]);
  });

  test('has nothing to say of data where more are taken and kept', () => {
    expect(levels(declared, withBackups({ every: '10min', keep: { count: 9, maxAge: '30d' } }))).toEqual([]);
    expect(levels(without, declared)).toEqual([]);
  });
});
