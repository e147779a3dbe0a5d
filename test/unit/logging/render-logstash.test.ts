import { expect, test } from '@jest/globals';
import { Duration } from '../../../constructs/core/units.js';
import {
  LOGSTASH_JAVA_OPTIONS,
  renderLogstashLog4j,
  renderLogstashSettings,
  renderPipeline,
} from '../../../constructs/logging/render-logstash.js';

const pipeline = renderPipeline({
  index: 'shop-logs',
  listen: '10.0.0.2',
  store: '10.0.1.2:9200',
  user: 'shipper',
  maxAge: Duration.seconds(86_400),
});
const lines = pipeline.split('\n').map((line) => line.trim());
const settings = new Map(
  renderLogstashSettings()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(': ') as [string, string]),
);

test('it takes lines on its own address only', () => {
  expect(pipeline).toMatch(/beats \{\s+host => "10\.0\.0\.2"\s+port => 5044\s/);
});

test('a line is stored once however often it is sent: created under its own id, on its own day', () => {
  expect(lines).toEqual(
    expect.arrayContaining([
      'action => "create"',
      'document_id => "%{[event.id]}"',
      'index => "shop-logs-%{+YYYY.MM.dd}"',
    ]),
  );
});

test('a line that was stored before is not logged, as that would be one more line', () => {
  expect(lines).toContain('silence_errors_in_log => ["version_conflict_engine_exception"]');
  expect(settings.get('log.level')).toBe('warn');
});

test('lines of an own image are completed from the path: instance, service and id', () => {
  const completed = /if !\[@metadata\]\[complete\] \{([^]*?)\n {2}\}/.exec(pipeline)?.[1] ?? '';
  expect(completed).toContain('"[event.id]" => "%{[@metadata][instance]}-%{[@metadata][fingerprint]}"');
  expect(completed).toContain('"[@metadata][path]" => "^/logs/%{DATA:[@metadata][instance]}/"');
  const [, number = ''] = /gsub => \["\[service\.name\]", "(.*)", ""\]/.exec(completed) ?? [];
  expect(['own-api-12', 'own-api', 'own'].map((instance) => instance.replace(new RegExp(number), ''))).toEqual([
    'own-api',
    'own-api',
    'own',
  ]);
  // As rsyslog does it: see there.
  expect(completed).toContain('event.set("message", LogStash::Json.dump(message))');
  expect(completed).toContain('if said > 60 || said < -86400');
});

test('complete lines are stored as they came', () => {
  const always = pipeline.slice(pipeline.indexOf('filter {')).replace(/if !\[@metadata\][^]*?\n {2}\}/, '');
  expect([...always.slice(0, always.indexOf('output')).matchAll(/(\w+) =>/g)].map((match) => match[1])).toEqual([
    'remove_field',
  ]);
  expect(pipeline).toContain('enrich => none');
  expect(settings.get('pipeline.ecs_compatibility')).toBe('disabled');
});

test('the template and the policy are those of es-node', () => {
  expect(lines).toEqual(
    expect.arrayContaining(['manage_template => false', 'ilm_enabled => false', 'data_stream => "false"']),
  );
});

test('the password comes from the environment: the file holds addresses', () => {
  expect(lines).toContain('password => "${STORE_PASSWORD}"');
  expect(pipeline).not.toContain('{{');
});

test('what Elasticsearch has not taken yet is on disk, and bounded; so is what it never can take', () => {
  expect(Object.fromEntries(settings)).toMatchObject({
    'path.data': '/data',
    'queue.type': 'persisted',
    'queue.max_bytes': '512mb',
    'dead_letter_queue.enable': 'true',
    'dead_letter_queue.max_bytes': '64mb',
    'dead_letter_queue.storage_policy': 'drop_older',
  });
});

test('it writes nowhere but to its volume and /tmp, and loads native code from the volume, as /tmp allows none', () => {
  expect(settings.get('path.logs')).toBe('/tmp');
  expect(settings.get('api.http.host')).toBe('127.0.0.1');
  expect(LOGSTASH_JAVA_OPTIONS.split(' ')).toEqual(expect.arrayContaining(['-Djava.io.tmpdir=/data/tmp', '-Xmx512m']));
});

test('its own lines are JSON with the names of the schema, whatever is in the message', () => {
  const pattern = /layout\.pattern = (.*)%n$/m.exec(renderLogstashLog4j())?.[1] ?? '';
  const line = pattern.replaceAll(/%enc\{[^}]*\}\{JSON\}|%d\{[^}]*\}\{UTC\}|%\w/g, 'x');
  expect(Object.keys(JSON.parse(line) as object)).toEqual(['@timestamp', 'log.level', 'log.logger', 'message']);
  expect(pattern).toContain('"%enc{%m%xEx}{JSON}"');
  expect(renderLogstashLog4j()).toContain('rootLogger.level = ${sys:ls.log.level}');
});
