import { expect, test } from '@jest/globals';
import { Secret, secretsIn } from '../../../constructs/core/secret.js';
import { renderKibanaConfig, renderKibanaSecrets } from '../../../constructs/logging/render-kibana.js';

const lines = renderKibanaConfig({ listen: '10.0.0.2', store: '10.0.1.2:9200', user: 'system' }).split('\n');

test('it listens on its own address only, and knows Elasticsearch by address', () => {
  expect(lines).toEqual(
    expect.arrayContaining([
      'server.host: "10.0.0.2"',
      'server.port: 5601',
      'elasticsearch.hosts: ["http://10.0.1.2:9200"]',
      'elasticsearch.username: "system"',
    ]),
  );
});

test('it tells nobody of itself and fetches nothing from outside', () => {
  expect(lines).toEqual(
    expect.arrayContaining([
      'telemetry.optIn: false',
      'telemetry.allowChangingOptInStatus: false',
      'newsfeed.enabled: false',
      'map.includeElasticMapsService: false',
    ]),
  );
});

test('it writes to a scratch folder, and its own lines as JSON to stdout', () => {
  expect(lines).toEqual(
    expect.arrayContaining([
      'path.data: /run',
      'logging.appenders.json.type: console',
      'logging.appenders.json.layout.type: json',
      'logging.root.appenders: [json]',
    ]),
  );
});

test('passwords and keys are in the other file, each a secret of its own', () => {
  expect(secretsIn(lines.join('\n'))).toEqual([]);
  const [password, sessions, objects, reports] = ['password', 'sessions', 'objects', 'reports'].map(
    (name) => new Secret(name),
  ) as [Secret, Secret, Secret, Secret];
  expect(renderKibanaSecrets({ password, sessions, objects, reports }))
    .toBe(`elasticsearch.password: "{{secret:password}}"
xpack.security.encryptionKey: "{{secret:sessions}}"
xpack.encryptedSavedObjects.encryptionKey: "{{secret:objects}}"
xpack.reporting.encryptionKey: "{{secret:reports}}"
`);
});
