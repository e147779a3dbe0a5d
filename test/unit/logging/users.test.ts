import { describe, expect, test } from '@jest/globals';
import { logUsers, renderRoles } from '../../../constructs/logging/users.js';

/** Elasticsearch's own roles that users here have. */
const BUILT_IN = ['kibana_system', 'kibana_admin'];
/** The roles by name, each as its text. */
const rolesOf = (text: string) =>
  new Map([...text.matchAll(/^(\w+):\n((?: .*\n)+)/gm)].map((match) => [match[1] ?? '', match[2] ?? '']));

describe.each([true, false])('with Kibana: %s', (kibana) => {
  const roles = rolesOf(renderRoles('shop-logs', { kibana }));
  const { keeper, shipper, reader, kibana: own } = logUsers('logs', { kibana });
  const users = [keeper, shipper, reader, ...Object.values(own ?? {})];

  test('each user has a name, a password and a role of its own, and each role exists', () => {
    expect(new Set(users.map(({ name }) => name)).size).toBe(users.length);
    expect(new Set(users.map(({ secret }) => secret.name)).size).toBe(users.length);
    expect(new Set(users.flatMap((user) => user.roles)).size).toBe(users.length);
    for (const role of users.flatMap((user) => user.roles)) expect([...BUILT_IN, ...roles.keys()]).toContain(role);
  });

  test('nobody is a superuser', () => {
    expect(users.flatMap((user) => user.roles)).not.toContain('superuser');
    expect([...roles.values()].join('')).not.toMatch(/\ball\b|manage\b|manage_security/);
  });

  test('the shipper adds lines, and neither reads nor changes any', () => {
    expect(roles.get('shipper')).toMatch(/privileges: \[create_doc, auto_configure\]/);
  });

  test('the reader reads the lines alone', () => {
    expect(roles.get('reader')).toMatch(
      /indices:\n {4}- names: \["shop-logs-\*"\]\n {6}privileges: \[read, view_index_metadata\]/,
    );
    expect(roles.get('reader')).not.toContain('cluster:');
  });

  test('the keeper deletes old indices and reads no line', () => {
    const own = roles.get('keeper') ?? '';
    expect(own).toContain('delete_index');
    expect(own).not.toMatch(/\b(read|write|create_doc|index|delete)[,\]]/);
  });

  test('every role is about these indices only', () => {
    for (const text of roles.values())
      for (const match of text.matchAll(/names: (.*)/g)) expect(match[1]).toBe('["shop-logs-*"]');
  });
});

test('only where there is Kibana do people see it, and may the keeper make a lifecycle policy', () => {
  expect(logUsers('logs', { kibana: false }).kibana).toBeUndefined();
  expect(renderRoles('shop-logs', { kibana: false })).not.toMatch(/kibana|manage_ilm/);
  expect(rolesOf(renderRoles('shop-logs', { kibana: true })).get('reader')).toContain('feature_dashboard.read');
});

test('secrets begin with the id of the log stack', () => {
  expect(logUsers('audit', { kibana: true }).shipper.secret.name).toBe('audit-shipper');
});
