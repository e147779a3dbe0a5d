import { expect, test } from '@jest/globals';
import { renderFilebeatConfig } from '../../../constructs/logging/render-filebeat.js';

const text = renderFilebeatConfig({ logstash: '10.0.0.2:5044' });
const lines = text.split('\n').map((line) => line.trim());
/** The two inputs, each as its lines. */
const inputs = text
  .slice(0, text.indexOf('\nprocessors:'))
  .split(/^ {2}- type: /m)
  .slice(1)
  .map((input) => input.split('\n').map((line) => line.trim()));

test('a file is read by exactly one input: segments of log-run by name, others by inode', () => {
  const [segments, files] = inputs;
  expect(segments).toContain(`paths: ["/logs/*/*-${'[0-9]'.repeat(8)}.log"]`);
  expect(segments).toContain('file_identity.path: ~');
  expect(files).toContain('paths: ["/logs/*/*.log"]');
  expect(files).toContain('file_identity.native: ~');
  const excluded = /exclude_files: \['(.*)'\]/.exec(files?.join('\n') ?? '')?.[1] ?? '';
  const isExcluded = (path: string) => new RegExp(excluded).test(path);
  expect(isExcluded('/logs/api-0/api-0-00000012.log')).toBe(true);
  expect(
    ['/logs/own-0/app.log', '/logs/own-0/app-2026-11-22.log', '/logs/api-0-00000012.log/x.log'].filter(isExcluded),
  ).toEqual([]);
});

test('short files are read too: Filebeat 9 would wait for the first KiB otherwise', () => {
  for (const input of inputs) expect(input).toContain('prospector.scanner.fingerprint.enabled: false');
});

test('a new line is noticed within a second', () => {
  for (const input of inputs)
    expect(input).toEqual(expect.arrayContaining(['prospector.scanner.check_interval: 1s', 'backoff.max: 1s']));
});

test('a line gets an id of where it is and what it says before anything is changed', () => {
  expect(text).toMatch(/fingerprint:\s+fields: \["log.file.path", "log.offset", "message"\]/);
  const order = ['- fingerprint:', '- copy_fields:', '- add_fields:', '- drop_fields:', '- decode_json_fields:'];
  expect(lines.filter((line) => order.includes(line))).toEqual(order);
});

test('only lines that begin as log-run writes them count as complete', () => {
  const pattern = /when\.regexp\.message: '(.*)'/.exec(text)?.[1] ?? '';
  const complete = (line: string) => new RegExp(pattern).test(line);
  expect(
    complete('{"@timestamp":"2026-11-22T17:39:09.123456789Z","event.id":"0123456789ab-1","service.name":"api"}'),
  ).toBe(true);
  expect(complete('{"event.id":"1","@timestamp":"2026-11-22T17:39:09.1Z"}')).toBe(false);
  expect(complete('{"@timestamp":"0001-01-01T00:00:00Z","event.id":"1"}')).toBe(false);
  expect(complete('{"@timestamp":"2026-11-22T17:39:09.1Z","message":"\\"event.id\\":\\"1\\""}')).toBe(false);
  expect(complete('plain "event.id":"1"')).toBe(false);
});

test('names of fields stay flat and times exact, as they are stored by the other flavour', () => {
  expect(lines).toEqual(expect.arrayContaining(['expand_keys: false', 'timestamp.precision: nanosecond']));
});

test('what is not sent yet is on disk, and bounded', () => {
  expect(text).toMatch(/queue\.disk:\n {2}path: \/spool\/queue\n(?: {2}#.*\n)? {2}max_size: 512MB/);
  expect(lines).toContain('path.data: /spool');
});

test('lines go to the one Logstash, by address', () => {
  expect(lines).toContain('hosts: ["10.0.0.2:5044"]');
  expect(text.match(/^output\./gm)).toHaveLength(1);
});

test('it writes nowhere but to its volume and /tmp, and its own lines to stderr', () => {
  expect(lines).toEqual(expect.arrayContaining(['path.logs: /tmp', 'logging.to_stderr: true', 'http.host: 127.0.0.1']));
});
