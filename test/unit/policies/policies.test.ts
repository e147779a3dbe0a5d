import { describe, expect, test } from '@jest/globals';
import { environments } from '../../../environments/index.js';
import { discoverPolicies } from '../../../policies/judge/discover.js';
import { draftOf, judged, line } from '../../support/policies.js';
import { type Change, synth } from '../../support/synth.js';
import { type Example, examples } from './examples.js';

const policies = discoverPolicies();
const ids = policies.map(({ id }) => id);

/** What is found, and by what, in the program and in its plan. */
function foundIn(
  given: Change,
  change: Parameters<typeof changed>[1] = () => undefined,
  alter: NonNullable<Example['alter']> = () => undefined,
): string[] {
  const draft = changed(given, change);
  alter(draft.topology);
  const { program, plan } = judged(draft);
  const lines = program.violations.map(line);
  expect(plan.violations.map(line)).toEqual(lines);
  return lines;
}

function changed(given: Change, change: (program: ReturnType<typeof draftOf>['program']) => void) {
  const draft = draftOf(given);
  change(draft.program);
  return draft;
}

test('each policy has examples of what it must find, in test/unit/policies/examples.ts', () => {
  expect(Object.keys(examples).sort()).toEqual(ids);
  for (const id of ids) expect([id, (examples[id] ?? []).length > 0]).toEqual([id, true]);
});

test.each(policies.map((policy) => [policy.id, policy] as const))(
  '%s says why and what to do in sentences',
  (_, policy) => {
    for (const text of [policy.why, policy.fix]) expect(text).toMatch(/^.{20,140}\.$/);
    const holds = policy.environments ?? Object.keys(environments);
    expect(Object.keys(environments)).toEqual(expect.arrayContaining([...holds]));
  },
);

describe.each(ids)('%s finds', (id) => {
  test.each((examples[id] ?? []).map((example) => [example.name, example] as const))('%s', (_, example) => {
    const found = foundIn(example.given ?? {}, example.change, example.alter);
    expect(found.filter((text) => text.startsWith(`${id}: ${example.found}`))).not.toEqual([]);
    expect([...new Set(found.map((text) => text.split(':')[0]))].sort()).toEqual([id, ...(example.also ?? [])].sort());
  });
});

test.each(Object.keys(environments))('%s breaks none, and needs no exception', (name) => {
  const environment = environments[name];
  const { topology } = synth({}, environment && { environment });
  expect(topology.exceptions).toEqual([]);
});

describe('no policy minds', () => {
  test.each<[string, Change]>([
    [
      'another address, where the environment gives a reason',
      { network: { publishOn: { address: '0.0.0.0', reason: 'the shop runs on other machines' } } },
    ],
    ['more replicas and Sentinels, and a larger quorum', { redis: { replicas: 5, sentinels: 5, quorum: 4 } }],
    [
      'an append-only file written with each command',
      { redis: { appendOnly: { fsync: 'always', rewritePercentage: 100, rewriteMinSize: '1MiB' } } },
    ],
    [
      'settings that only look long, or only name a secret',
      {
        api: {
          environment: {
            SHOP_PASSWORD_FILE: '/config/secrets/shop',
            GIT_COMMIT: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
            BACKENDS: 'https://shop.example.org/v1/items,https://shop.example.org/v2/items',
            LOG_LEVEL: 'info',
            DEBUG: 'false',
            CIPHERS: 'TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256',
            REQUEST_ID: '123e4567-e89b-12d3-a456-426614174000',
          },
        },
      },
    ],
  ])('%s', (_, given) => {
    expect(foundIn(given)).toEqual([]);
  });

  test('what is for looking inside, outside prod', () => {
    const { topology } = synth({ proxy: { ports: { nodes: 9000 } }, api: { environment: { LOG_LEVEL: 'debug' } } });
    expect(topology.published.some(({ name }) => name === 'redis-node-0')).toBe(true);
  });

  test('a seeder, which never runs, to have no limits and no health check', () => {
    expect(
      foundIn({}, ({ resource }) => {
        expect(resource['docker_container']?.['api-service-seeder']).not.toHaveProperty('memory');
      }),
    ).toEqual([]);
  });

  test('an image without a health check of its own that the proxy asks over HTTP', () => {
    expect(
      foundIn({}, ({ resource }) =>
        Object.assign(resource['docker_container']?.['api-service-0'] ?? {}, { healthcheck: { test: ['NONE'] } }),
      ),
    ).toEqual([]);
  });
});
