import { expect, test } from '@jest/globals';
import { isRenderedFrom } from '../../../cli/review/rendered.js';
import { modelsOf } from '../../../constructs/models.js';
import { synth } from '../../support/synth.js';

const { topology } = synth({ proxy: { ports: { nodes: 16390 } } });
const [redis] = modelsOf(topology, 'redis');
const [proxy] = modelsOf(topology, 'proxy');
const [logs] = modelsOf(topology, 'logs');

test.each([
  ['redis', '/config/redis.conf', redis],
  ['redis', '/config/users.acl', redis],
  ['redis', '/config/node.json', redis],
  ['redis-sentinel', '/config/sentinel.conf', redis],
  ['redis-sentinel', '/config/sentinel-users.acl', redis],
  ['proxy', '/config/haproxy.cfg', proxy],
  ['proxy', '/config/secrets.cfg', proxy],
  ['elasticsearch', '/config/es-node.json', logs],
] as const)('%s%s is what its model renders', (service, path, model) => {
  if (!model) throw new Error('there is no such model');
  expect(isRenderedFrom(model, service, path, topology)).toBe(true);
  const other = {
    ...topology,
    services: topology.services.map((one) => ({
      ...one,
      files: one.files.map((file) => ({ ...file, text: `${file.text}#\n` })),
    })),
  };
  expect(isRenderedFrom(model, service, path, other)).toBe(false);
});

test('of other files nothing is known', () => {
  if (!proxy || !logs) throw new Error('there is no such model');
  expect(isRenderedFrom(proxy, 'proxy', '/config/own.cfg', topology)).toBeUndefined();
  expect(isRenderedFrom(logs, 'filebeat', '/config/filebeat.yml', topology)).toBeUndefined();
});
