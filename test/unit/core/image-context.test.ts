import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { type BuildOf, contextFiles } from '../../../constructs/core/image-context.js';
import { temporaryFolder, writeFiles } from '../../support/temporary-folder.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('context');
});

const paths = (of?: BuildOf): string[] => contextFiles(folder, of).map(({ path }) => path);
const contentOf = (path: string, of?: BuildOf): string | undefined =>
  contextFiles(folder, of)
    .find((file) => file.path === path)
    ?.content.toString('latin1');

test('files are in an order that no locale and no file system changes', () => {
  writeFiles(folder, { 'sub/a': '', _: '', ä: '', Z1: '', a: '', B: '' });
  expect(paths()).toEqual(['B', 'Z1', '_', 'a', 'sub/a', 'ä']);
});

test('text has LF line ends, whatever its letters; a binary file keeps its bytes', () => {
  writeFiles(folder, { text: Buffer.from('größe\r\n'), logo: Buffer.from([0, 13, 10, 255]) });
  expect(contentOf('text')).toBe(Buffer.from('größe\n').toString('latin1'));
  expect(contentOf('logo')).toBe('\0\r\n\xFF');
});

test('what git and npm keep in a folder is never part of it', () => {
  writeFiles(folder, { Dockerfile: '', '.git/HEAD': '', 'node_modules/m/i.js': '', 'sub/.DS_Store': '' });
  expect(paths()).toEqual(['Dockerfile']);
  expect(paths('tests')).toEqual(['Dockerfile']);
});

test('an image is sent what .dockerignore leaves, its tests are sent all', () => {
  writeFiles(folder, {
    '.dockerignore': '# Not in the image.\r\n*\r\n!*.go\r\n!internal\r\n**/*_test.go\r\n**/testdata\r\n',
    Dockerfile: 'FROM scratch\n',
    'README.md': '',
    'main.go': '',
    'main_test.go': '',
    'internal/.env': '',
    'internal/x_test.go': '',
    'internal/.dockerignore': '',
    'internal/testdata/one': '',
    'testdata/two': '',
  });
  expect(paths()).toEqual(['Dockerfile', 'internal/.dockerignore', 'internal/.env', 'main.go']);
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(paths('tests')).toHaveLength(all.length - 1);
  expect(paths('tests')).not.toContain('.dockerignore');
});

test('a folder of which nothing is left is not read', () => {
  writeFiles(folder, { Dockerfile: '', '.dockerignore': 'build\n', 'build/a/b': '' });
  expect(paths()).toEqual(['Dockerfile']);
});

test("a Dockerfile's tests are not part of the image", () => {
  const text = 'FROM scratch AS build\nFROM build AS test\nRUN make test\nFROM scratch\n';
  writeFiles(folder, { Dockerfile: text, 'sub/Dockerfile': text });
  expect(contentOf('Dockerfile')).toBe('FROM scratch AS build\nFROM scratch\n');
  expect(contentOf('Dockerfile', 'tests')).toBe(text);
  expect(contentOf('sub/Dockerfile')).toBe(text);
});

test('a link is sent as a link', () => {
  writeFiles(folder, { a: 'x' });
  symlinkSync('a', join(folder, 'b'));
  expect(contextFiles(folder)[1]).toEqual({ path: 'b', content: Buffer.alloc(0), link: 'a' });
});

/** What images are built without. */
const ASIDE =
  /\/(README\.md|[^/]*_test\.go)$|^images\/(api\/internal\/\w+test\/|redis\/module\/test\.c$|redis-defrag\/go\.mod$)/;

const catalogue = readdirSync('images').map((name) => `images/${name}`);

test.each(catalogue)('nothing that only tests or documents need is in %s, and all else is', (image) => {
  const sent = contextFiles(image).map(({ path }) => path);
  const whole = contextFiles(image, 'tests').map(({ path }) => path);
  const left = whole.filter((path) => !sent.includes(path));
  expect(left).toEqual(whole.filter((path) => ASIDE.test(`${image}/${path}`)));
});

test.each(catalogue)('what the Dockerfile of %s copies is sent', (image) => {
  const dockerfile = contextFiles(image).find(({ path }) => path === 'Dockerfile');
  const sent = contextFiles(image).map(({ path }) => path);
  const copies = [...(dockerfile?.content.toString() ?? '').matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
  const sources = copies.flatMap(([, list = '']) => list.split(' ')).filter((source) => source !== 'host-ca.crt');
  for (const source of sources) {
    const suffix = source.replace('*', '');
    expect(
      sent.filter((path) => path === source || path.startsWith(`${source}/`) || path.endsWith(suffix)),
    ).not.toEqual([]);
  }
  expect(readFileSync(join(image, 'Dockerfile'), 'utf8')).toContain('FROM');
});
