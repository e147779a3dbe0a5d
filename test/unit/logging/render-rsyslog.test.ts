import { expect, test } from '@jest/globals';
import { Duration } from '../../../constructs/core/units.js';
import { mostBehindSeconds, renderRsyslogConfig } from '../../../constructs/logging/render-rsyslog.js';

const text = renderRsyslogConfig({
  index: 'shop-logs',
  store: { address: '10.0.1.2', port: 9200 },
  user: 'shipper',
  maxAge: Duration.parse('7d') ?? Duration.seconds(0),
});
/** The parameters of a statement, by name. */
const parameters = (start: string): Record<string, string> => {
  const from = text.indexOf(start);
  const to = text.indexOf(')\n', from) < 0 ? text.length : text.indexOf(')\n', from);
  return Object.fromEntries(
    [...text.slice(from, to).matchAll(/([\w.]+)="([^"]*)"/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
};

test("reads every instance's files, and remembers a position only once its lines are in the queue", () => {
  expect(parameters('input(')).toMatchObject({
    type: 'imfile',
    file: '/logs/*/*.log',
    addMetadata: 'on',
    persistStateAfterSubmission: 'on',
  });
});

test('what is not sent yet is on disk, bounded, and survives', () => {
  const queue = parameters('ruleset(name="ship"');
  expect(queue).toMatchObject({
    'queue.type': 'Disk',
    'queue.maxDiskSpace': '512m',
    'queue.saveOnShutdown': 'on',
    'queue.timeoutEnqueue': '0',
  });
  expect(text).toContain('workDirectory="/spool"');
});

test('a line is stored once however often it is sent: created under its own id, on its own day', () => {
  expect(parameters('action(type="omelasticsearch"')).toMatchObject({
    writeoperation: 'create',
    bulkid: 'id',
    dynbulkid: 'on',
    searchIndex: 'index',
    dynSearchIndex: 'on',
  });
  expect(text).toContain('template(name="index" type="string" string="shop-logs-%$.day%")');
});

test('it tries for ever; what can never be stored es-node tells', () => {
  const action = parameters('action(type="omelasticsearch"');
  expect(action).toMatchObject({ 'action.resumeRetryCount': '-1' });
  expect(action).not.toHaveProperty('retryfailures');
});

test('the longest line of log-run fits, with six bytes for each of its own and all names', () => {
  const LONGEST = 64 * 1024;
  const [, kibibytes = ''] = /maxMessageSize="(\d+)k"/.exec(text) ?? [];
  expect(Number(kibibytes) * 1024).toBeGreaterThan(6 * LONGEST + 4096);
  // All of a batch are in memory, of 128 MiB.
  const most = Number(parameters('ruleset(name="ship"')['queue.dequeueBatchSize']);
  expect(most * Number(kibibytes) * 1024).toBeLessThan(64 * 1024 ** 2);
});

test('a line of an own file keeps a time that can be right: no further ahead than a minute, no older than what is kept', () => {
  expect(text).toContain('$.at > $.read + 60 or $.at < $.read - 604800 then');
  // Each day is an index, and Elasticsearch opens 1,000.
  expect(mostBehindSeconds(Duration.parse('3650d') ?? Duration.seconds(0))).toBe(366 * 86_400);
});

test('the store is known by address, the password by its file: the file holds no secret', () => {
  expect(text).toContain('server=["10.0.1.2"] serverport="9200"');
  expect(text).toContain('uid="shipper" pwd=`cat /config/secrets/shipper`');
  expect(text).not.toContain('{{');
});

test('lines of an own image get an id from the file, the place in it and the text, and their service from the folder', () => {
  expect(text).toContain(
    'set $.id = $.instance & "-" & hash64($msg & $!metadata!filename) & "-" & $!metadata!fileoffset;',
  );
  // "/logs/own-api-0/app.log" between its slashes (character 47): the third field.
  expect(text).toContain('set $.instance = field($!metadata!filename, 47, 3);');
  expect('/logs/own-api-0/app.log'.split('/')[2]).toBe('own-api-0');
  const pattern = /service!name = re_extract\(\$\.instance, '(.*?)'/.exec(text)?.[1] ?? '';
  expect(new RegExp(pattern).exec('own-api-0')?.[1]).toBe('own-api');
});
