import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { overlaps } from '../../../constructs/core/address-plan.js';
import { environments } from '../../../environments/index.js';
import { checkInstanceName, loadEnvironment, select } from '../../../environments/selection.js';
import { readSite, siteFile, UNPREPARED_SITE } from '../../../environments/site.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const all = Object.values(environments);

test.each(Object.keys(environments))('%s is right, and called as its entry says', (name) => {
  expect(loadEnvironment(all, name).name).toBe(name);
});

test('environments can run side by side: no subnet overlaps, no port is shared', () => {
  const loaded = all.map(({ name }) => loadEnvironment(all, name));
  for (const one of loaded) {
    for (const other of loaded.filter(({ name }) => name !== one.name)) {
      expect(overlaps(one.network.baseCidr, other.network.baseCidr)).toBe(false);
      expect(portsOf(one).filter((port) => portsOf(other).includes(port))).toEqual([]);
    }
  }
});

test.each(['production', 'DEV', '', 'toString', '__proto__'])(
  'there is no environment %j, and the error names those that are',
  (name) => {
    expect(() => loadEnvironment(all, name)).toThrow(
      /no such environment \(got .*\): allowed is dev, test, ci, prod\. Select one with --env or PLATFORM_ENV/,
    );
  },
);

test.each(['alice', 'a', '1', 'x'.repeat(16)])('an instance can be called %s', (name) => {
  expect(() => {
    checkInstanceName(name);
  }).not.toThrow();
});

test.each(['', 'Alice', 'a-b', 'a_b', 'a b', '../a', 'x'.repeat(17)])('an instance cannot be called %j', (name) => {
  expect(() => {
    checkInstanceName(name);
  }).toThrow(/instance name cannot be used[^]*1 to 16 of a-z and 0-9[^]*--instance/);
});

test('options select the environment and the instance', () => {
  expect(select(all, { env: 'test', instance: 'alice' })).toMatchObject({
    environment: { name: 'test' },
    instance: 'alice',
  });
  expect(() => select(all, { env: 'dev', instance: 'Not Docker' })).toThrow(/instance name/);
});

describe('the site', () => {
  let project: string;
  beforeEach(() => {
    project = temporaryFolder('site');
    mkdirSync(dirname(siteFile(project)));
  });

  test('of a machine that was not prepared is what the oldest engine can do', () => {
    expect(readSite(project)).toBe(UNPREPARED_SITE);
  });

  test('is read back as it was written', () => {
    const site = {
      owner: '0123abcd',
      engine: { isolatedGateways: true, startInterval: true },
      deployments: { dev_alice: { baseCidr: '10.99.0.0/20', ports: { http: 1234 } } },
    };
    writeFileSync(siteFile(project), JSON.stringify(site));
    expect(readSite(project)).toEqual(site);
  });

  test.each(['', '{', 'null', '{"owner":"x"}', '{"owner":"01234567","engine":{},"deployments":{}}'])(
    'that is damaged (%j) is an error with the way out',
    (text) => {
      writeFileSync(siteFile(project), text);
      expect(() => readSite(project)).toThrow(/site\.json is damaged[^]*Delete it and run `npm run prepare-machine`/);
    },
  );
});

function portsOf({ proxy, redis }: ReturnType<typeof loadEnvironment>): number[] {
  const { sentinels, nodes = 0, ...single } = proxy.ports;
  const range = (first: number, count: number) =>
    first === 0 ? [] : Array.from({ length: count }, (_, index) => first + index);
  return [
    ...Object.values(single),
    ...range(sentinels, redis.sentinels ?? 3),
    ...range(nodes, 1 + (redis.replicas ?? 2)),
  ];
}
