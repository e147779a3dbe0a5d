import { describe, expect, it, test } from '@jest/globals';
import { flatten } from '../../../../cli/logs/line.js';
import { COLOURLESS, escapeControls, type LineStyle, renderJson, renderLine } from '../../../../cli/logs/render.js';

const style: LineStyle = { colour: COLOURLESS, utc: true, services: ['proxy', 'api'], width: 7 };
const now = new Date('2026-11-22T20:00:00Z');
const line = {
  '@timestamp': '2026-11-22T18:07:05.816430123Z',
  'service.name': 'api',
  'service.instance': 'api-0',
  'log.level': 'info',
  message: 'GET /items/1 200',
};
const http = {
  'http.request.method': 'GET',
  'url.path': '/items/1',
  'http.response.status_code': 200,
  'event.duration': 1_234_567,
  'request.id': 'abc',
};
const render = (fields: object, with_: Partial<LineStyle> = {}) =>
  renderLine({ ...line, ...fields }, { ...style, ...with_ }, now);

describe('a line', () => {
  it('has the time, the container, the level and the message', () => {
    expect(render({})).toBe('18:07:05.816Z api-0   info  GET /items/1 200');
  });

  it('has the request, without what the message says', () => {
    expect(render(http)).toBe('18:07:05.816Z api-0   info  GET /items/1 200 1.2ms request: abc');
    expect(render({ ...http, message: 'answered' })).toBe(
      '18:07:05.816Z api-0   info  answered GET /items/1 200 1.2ms request: abc',
    );
    expect(render({ ...http, message: 'GET /items/1', 'event.duration': 2.5e9 })).toBe(
      '18:07:05.816Z api-0   info  GET /items/1 200 2.50s request: abc',
    );
  });

  it('has the error, unless the message says it', () => {
    expect(render({ message: 'failed', 'error.message': 'no route' })).toContain('failed error: no route');
    expect(render({ message: 'failed: no route', 'error.message': 'no route' })).not.toContain('error:');
  });

  it('is one even if fields are missing or odd', () => {
    expect(renderLine({}, style, now)).toBe('- -       info ');
    expect(render({ '@timestamp': 'garbage', message: { a: 1 }, 'log.level': 'WARNING' })).toBe(
      '- api-0   warn  {"a":1}',
    );
  });

  it('has a colour of its own for each service, and one for the level', () => {
    const colour: LineStyle['colour'] = (name, text) => `<${name}>${text}</>`;
    expect(render({ 'log.level': 'error' }, { colour })).toBe(
      '<dim>18:07:05.816Z</> <magenta>api-0  </> <red>error</> GET /items/1 200',
    );
    expect(render({ 'service.name': 'proxy' }, { colour })).toContain('<cyan>');
  });

  it('lets no control character through, from whatever field', () => {
    const evil = 'a\x1b[2J\x07\x9b1m\r\nb\u202e\u2028';
    const names = [
      '@timestamp',
      'service.name',
      'service.instance',
      'log.level',
      'message',
      'error.message',
      'request.id',
    ];
    const others = ['http.request.method', 'url.path', 'http.response.status_code', 'event.duration'];
    for (const name of [...names, ...others]) {
      expect(render({ [name]: evil })).not.toMatch(/[\p{Cc}\p{Zl}\p{Bidi_Control}]/u);
    }
    expect(render({ message: evil })).toContain(String.raw`a\x1b[2J\x07\x9b1m\r\nb\u202e\u2028`);
  });
});

test('text in any language stays as it is', () => {
  expect(escapeControls('Größe 名前 😀 C:\\temp')).toBe('Größe 名前 😀 C:\\temp');
});

test('JSON is the same document, safe for a terminal', () => {
  const text = renderJson({ message: 'a\x9b\x7f\x1b\nb😀' });
  expect(text).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(text)).toEqual({ message: 'a\x9b\x7f\x1b\nb😀' });
});

test('nested fields become dotted ones, lists stay, the last of two wins', () => {
  const stored = JSON.parse(
    '{"http":{"response":{"status_code":200}},"http.request.method":"GET","tags":[{"a":1}],"empty":{},"none":null,"log.level":"info","log":{"level":"warn"},"__proto__":{"x":1}}',
  ) as Record<string, unknown>;
  expect(renderJson(flatten(stored))).toBe(
    '{"http.response.status_code":200,"http.request.method":"GET","tags":[{"a":1}],"empty":{},"none":null,"log.level":"warn","__proto__.x":1}',
  );
});
