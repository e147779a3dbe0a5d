import { describe, expect, test } from '@jest/globals';
import { secretsIn } from '../../../constructs/core/secret.js';
import { Duration, Size } from '../../../constructs/core/units.js';
import {
  type ElasticsearchOptions,
  passwordFile,
  renderElasticsearchConfig,
  renderEsNodeConfig,
  renderJvmOptions,
  renderLog4j,
} from '../../../constructs/logging/render-elasticsearch.js';
import { logUsers } from '../../../constructs/logging/users.js';

const lines = (text: string) => text.trimEnd().split('\n');

describe.each(['whole', 'integration-test'] as const)('elasticsearch.yml of the distribution: %s', (distribution) => {
  const settings = lines(renderElasticsearchConfig(distribution));

  test('the node is on loopback alone, behind its gate, with security on', () => {
    expect(settings).toEqual(
      expect.arrayContaining(['http.host: 127.0.0.1', 'transport.host: 127.0.0.1', 'xpack.security.enabled: true']),
    );
    expect(settings.join('\n')).not.toMatch(/^network\./m);
  });

  test('nothing has to be set on the host', () => {
    expect(settings).toContain('node.store.allow_mmap: false');
    expect(settings.join('\n')).not.toContain('memory_lock');
  });

  test('each setting is there once', () => {
    const names = settings.map((line) => line.split(':')[0]);
    expect(new Set(names).size).toBe(names.length);
  });
});

test('only the whole distribution gets settings of what the other lacks, which would not start with them', () => {
  const whole = lines(renderElasticsearchConfig('whole'));
  const more = whole.filter((line) => !lines(renderElasticsearchConfig('integration-test')).includes(line));
  expect(more).toEqual([
    'xpack.license.self_generated.type: basic',
    'xpack.ml.enabled: false',
    'ingest.geoip.downloader.enabled: false',
  ]);
});

test('the heap is fixed, in MiB', () => {
  const options = lines(renderJvmOptions(Size.mebibytes(768)));
  expect(options).toEqual(expect.arrayContaining(['-Xms768m', '-Xmx768m', '-Djava.io.tmpdir=/tmp']));
});

test('its own lines go to stdout as JSON of the schema', () => {
  expect(lines(renderLog4j())).toEqual(
    expect.arrayContaining(['appender.console.type = Console', 'appender.console.layout.type = ECSJsonLayout']),
  );
});

describe('es-node.json', () => {
  const users = logUsers('logs', { kibana: false });
  const options: ElasticsearchOptions = {
    index: 'shop-logs',
    retention: { maxAge: Duration.seconds(3600), maxSize: Size.mebibytes(64) },
    users: [users.keeper, users.shipper],
    keeper: users.keeper.name,
    distribution: 'whole',
  };
  const config = (change: Partial<ElasticsearchOptions> = {}) =>
    JSON.parse(renderEsNodeConfig({ ...options, ...change })) as {
      users: object[];
      keeper: string;
      index: string;
      requests: { path: string; body: object }[];
      retention: object;
    };

  test('names files of passwords, and holds none', () => {
    expect(config().users).toEqual([
      { name: 'keeper', roles: ['keeper'], passwordFile: '/config/secrets/keeper' },
      { name: 'shipper', roles: ['shipper'], passwordFile: '/config/secrets/shipper' },
    ]);
    expect(config().keeper).toBe('keeper');
    expect(secretsIn(renderEsNodeConfig(options))).toEqual([]);
  });

  test('has retention in seconds and bytes, whatever the distribution', () => {
    for (const distribution of ['whole', 'integration-test'] as const)
      expect(config({ distribution }).retention).toEqual({ maxAgeSeconds: 3600, maxBytes: 64 * 1024 ** 2 });
  });

  test('sends the policy before the template that names it, and no policy where there is no lifecycle', () => {
    expect(config().requests.map(({ path }) => path)).toEqual(['/_ilm/policy/shop-logs', '/_index_template/shop-logs']);
    expect(JSON.stringify(config().requests[1]?.body)).toContain('"index.lifecycle.name":"shop-logs"');
    const without = config({ distribution: 'integration-test' }).requests;
    expect(without.map(({ path }) => path)).toEqual(['/_index_template/shop-logs']);
    expect(JSON.stringify(without)).not.toContain('lifecycle');
  });
});

test("a user's password is in a file of its own", () => {
  expect(passwordFile('reader')).toBe('/config/secrets/reader');
});
