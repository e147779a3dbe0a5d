import { describe, expect, test } from '@jest/globals';
import { redisUsers, renderAclFile, sentinelUsers, usersModel } from '../../../constructs/redis/users.js';

const files = [
  ['a node', renderAclFile(usersModel(redisUsers('redis', 'lease')))],
  ['a Sentinel', renderAclFile(usersModel(sentinelUsers('redis')))],
] as const;

const DEFAULT = {
  // The append-only file is replayed as this user.
  'a node': 'user default off resetpass ~* &* +@all',
  'a Sentinel': 'user default off resetpass resetkeys resetchannels -@all',
};

describe.each(files)('the ACL file of %s', (owner, text) => {
  const users = text.trim().split('\n');

  test('turns the default user off', () => {
    expect(users[0]).toBe(DEFAULT[owner]);
    expect(users.filter((line) => line.startsWith('user default '))).toHaveLength(1);
  });

  test('lets nobody in without a password of their own, which is only there as a hash', () => {
    const others = users.slice(1);
    const marks = others.map((line) => /^user [a-z]+ on #\{\{sha256:([a-z-]+)\}\} /.exec(line)?.[1]);
    expect(marks).not.toContain(undefined);
    expect(new Set(marks).size).toBe(others.length);
    expect(text).not.toMatch(/nopass|\{\{secret:/);
  });

  test('starts everyone but the administrator from no rights at all', () => {
    for (const line of users.filter((user) => !/^user (admin|default) /.test(user))) expect(line).toContain(' -@all ');
  });
});

test('on nodes and Sentinels, equal names have different passwords', () => {
  const [onNodes, onSentinels] = [redisUsers('redis', 'lease'), sentinelUsers('redis')];
  const names = [...Object.values(onNodes), ...Object.values(onSentinels)].map(({ secret }) => secret.name);
  expect(new Set(names).size).toBe(names.length);
});

test('the application cannot administer: not the nodes, and no failover on the Sentinels', () => {
  expect(redisUsers('redis', 'lease').app.rules).toMatch(/ -@admin -@dangerous /);
  expect(sentinelUsers('redis').app.rules).not.toMatch(/failover|remove|\+sentinel\|set|\+@/);
});

test('a lease is granted by the supervisor alone, and a failover asked for by it alone', () => {
  const { node, ...others } = redisUsers('redis', 'lease');
  expect(node.rules).toContain(' +rp.lease +rp.fence +rp.unfence');
  for (const { rules } of Object.values(others)) {
    expect(rules).not.toContain('+rp.');
    if (rules.includes('+@all')) expect(rules).toMatch(/ -rp\.lease -rp\.fence -rp\.unfence$/);
  }
  const { node: onSentinels, ...rest } = sentinelUsers('redis');
  expect(onSentinels.rules).toContain('+sentinel|failover');
  for (const { rules } of Object.values(rest)) {
    expect(rules).not.toContain('+sentinel|failover');
    if (rules.includes('+@all')) expect(rules).toMatch(/ -sentinel\|failover$/);
  }
});

test('without the module no command of it is named: Redis would refuse the whole file', () => {
  expect(renderAclFile(usersModel(redisUsers('redis', 'off')))).not.toContain('rp.');
});
