import { describe, expect, it } from '@jest/globals';
import { readChanges } from '../../../../cli/rollout/changes.js';

const labels = (service: string, role = 'service') => [
  { label: 'redis-platform.service', value: service },
  { label: 'redis-platform.role', value: role },
];
const change = (type: string, actions: string[], values: { before?: object | null; after?: object | null } = {}) => ({
  address: `${type}.one`,
  type,
  mode: 'managed',
  change: { actions, before: null, after: null, ...values },
});
const read = (...resource_changes: object[]) => readChanges({ format_version: '1.2', resource_changes });

describe('what a Terraform plan does', () => {
  const made = { name: 'rp-dev-redis-0', hostname: 'redis-0', labels: labels('redis') };

  it('to a container: its name, service and instance, from before where nothing comes after', () => {
    const expected = { kind: 'container', name: 'rp-dev-redis-0', service: 'redis', instance: 'redis-0' };
    expect(read(change('docker_container', ['create'], { after: made }))).toMatchObject([
      { ...expected, action: 'create' },
    ]);
    expect(read(change('docker_container', ['delete'], { before: made }))).toMatchObject([
      { ...expected, action: 'delete' },
    ]);
  });

  it('is told from what its actions are, in whichever order', () => {
    const actionOf = (...actions: string[]) => read(change('docker_container', actions, { after: made }))[0]?.action;
    expect([
      actionOf('delete', 'create'),
      actionOf('create', 'delete'),
      actionOf('update'),
      actionOf('forget'),
      actionOf('no-op'),
      actionOf('read'),
    ]).toEqual(['replace', 'replace', 'update', 'delete', undefined, undefined]);
  });

  it('tells seeders, networks and everything else apart, and leaves data sources out', () => {
    const seeder = { ...made, labels: labels('redis', 'seeder') };
    expect(
      read(
        change('docker_container', ['create'], { after: seeder }),
        change('docker_network', ['create']),
        change('docker_image', ['create']),
        { ...change('docker_image', ['create']), mode: 'data' },
      ).map(({ kind }) => kind),
    ).toEqual(['seeder', 'network', 'other']);
  });

  it('says whether the text of a secret file is another one; what is not known does not count', () => {
    const upload = (hash: string | null, file = '/users.acl') => ({ ...made, upload: [{ file, source_hash: hash }] });
    const differ = (before: object | null, after: object | null) =>
      read(change('docker_container', ['delete', 'create'], { before, after }))[0]?.secretsDiffer;
    expect([
      differ(upload('a'), upload('b')),
      differ(upload('a'), upload('a')),
      differ(upload(null), upload('b')),
      differ(upload('a'), upload('b', '/other')),
      differ(null, upload('b')),
    ]).toEqual([true, false, false, false, false]);
  });

  it('is refused if it is something else', () => {
    expect(() => readChanges({ resource_changes: 'none' })).toThrow(/plan cannot be read[^]*resource_changes/);
    expect(() => readChanges('text')).toThrow(/plan cannot be read/);
  });
});
