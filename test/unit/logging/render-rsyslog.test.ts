import { expect, test } from '@jest/globals';
import { renderRsyslogConfig } from '../../../constructs/logging/render-rsyslog.js';

const text = renderRsyslogConfig({ index: 'shop-logs', store: { address: '10.0.1.2', port: 9200 }, user: 'shipper' });
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

test('it tries for ever, and shows what can never be stored', () => {
  expect(parameters('action(type="omelasticsearch"')).toMatchObject({
    'action.resumeRetryCount': '-1',
    retryfailures: 'on',
    retryruleset: 'refused',
  });
  expect(text).toContain('ruleset(name="refused")');
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
