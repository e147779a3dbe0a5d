import { expect, test } from '@jest/globals';
import { undeclared } from '../../../constructs/runtime/docker/undeclared.js';
import { dev } from '../../support/dev.js';
import { parseEnvironment } from '../../../environments/schema.js';
import { UNPREPARED_SITE } from '../../../environments/site.js';
import { declare } from '../../support/declare.js';

const { workload, program } = declare({
  environment: parseEnvironment(dev),
  site: UNPREPARED_SITE,
  policies: 'ignore',
});

type Resources = Record<string, Record<string, Record<string, unknown>>>;

/** What is found in the program after a change past the constructs. */
function after(change: (program: Record<string, unknown>, resource: Resources) => void): unknown[] {
  const changed = structuredClone(program) as Record<string, unknown>;
  change(changed, changed['resource'] as Resources);
  return undeclared(workload, changed).map(({ got }) => got);
}
const container = (resource: Resources, name: string) => resource['docker_container']?.[name] ?? {};

test('all of dev is declared by constructs', () => {
  expect(after(() => undefined)).toEqual([]);
});

test.each<[string, Parameters<typeof after>[0], string[]]>([
  [
    'an attribute',
    (_, resource) => Object.assign(container(resource, 'api-service-0'), { privileged: true }),
    ['docker_container.api-service-0: privileged'],
  ],
  [
    'another value',
    (_, resource) => Object.assign(container(resource, 'proxy-service-0'), { memory: 4096 }),
    ['docker_container.proxy-service-0: memory'],
  ],
  [
    'a value that is gone',
    (_, resource) => delete container(resource, 'proxy-service-0')['healthcheck'],
    ['docker_container.proxy-service-0: healthcheck'],
  ],
  [
    'a resource',
    (_, resource) => {
      resource['docker_volume'] = { extra: { name: 'extra' } };
    },
    ['docker_volume.extra'],
  ],
  [
    'a resource that is gone',
    (_, resource) => delete resource['docker_network']?.['network-redis'],
    ['docker_network.network-redis'],
  ],
  [
    'a module, and a label',
    (changed, resource) => {
      changed['module'] = { shop: {} };
      Object.assign(container(resource, 'api-service-1'), { labels: [] });
    },
    ['module', 'docker_container.api-service-1: labels'],
  ],
])('%s that overrides have brought is found', (_, change, expected) => {
  expect(after(change)).toEqual(expected);
});
