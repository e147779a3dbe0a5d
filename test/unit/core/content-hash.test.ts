import { symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { contentHash, foundationsOf, imageTag, testImageTag } from '../../../constructs/core/content-hash.js';
import { dockerfile } from '../../../constructs/core/dockerfile.js';
import { temporaryFolder, writeFiles } from '../../support/temporary-folder.js';

const project = process.cwd();
beforeEach(() => {
  // Folders of images are relative to the project.
  process.chdir(temporaryFolder('content-hash'));
});
afterEach(() => {
  process.chdir(project);
});

const write = (files: Readonly<Record<string, string | Buffer>>): void => {
  writeFiles('.', files);
};

test('line ends of a Windows checkout and the order of creation change nothing', () => {
  write({
    'a/Dockerfile': 'FROM scratch\nCOPY x /\n',
    'a/.dockerignore': '*.md\n!a.md\n',
    'a/z': '1',
    'a/sub/a.md': '2',
  });
  write({
    'b/sub/a.md': '2',
    'b/z': '1',
    'b/.dockerignore': '*.md\r\n!a.md\r\n',
    'b/Dockerfile': 'FROM scratch\r\nCOPY x /\r\n',
  });
  expect(contentHash('b')).toBe(contentHash('a'));
});

/** What each change makes of the tags of an image and of its tests. */
test('a tag changes with every file that is sent, and with no other', () => {
  write({
    'a/.dockerignore': 'README.md\n**/*_test.go\n',
    'a/Dockerfile': 'FROM scratch AS test\nRUN test\nFROM scratch\n',
    'a/README.md': 'x\n',
    'a/src/main.go': 'x\n',
    'a/src/main_test.go': 'x\n',
  });
  const tags = () => [imageTag('a'), testImageTag('a')] as const;
  const changed = (files: Readonly<Record<string, string | Buffer>>): string => {
    const before = tags();
    write(files);
    const after = tags();
    return ['image', 'tests'].filter((_, index) => before[index] !== after[index]).join(' and ');
  };
  expect(changed({ 'a/README.md': 'x\n\n' })).toBe('tests');
  expect(changed({ 'a/src/main_test.go': 'x\n\n' })).toBe('tests');
  expect(changed({ 'a/Dockerfile': 'FROM scratch AS test\nRUN test -v\nFROM scratch\n' })).toBe('tests');
  expect(changed({ 'a/src/main.go': 'x\r\n' })).toBe('');
  expect(changed({ 'a/.dockerignore': '# Why.\n**/*_test.go\nREADME.md\n' })).toBe('');
  expect(changed({ 'a/node_modules/m': 'x', 'a/.git/HEAD': 'x' })).toBe('');
  expect(changed({ 'a/src/main.go': 'x\n\n' })).toBe('image and tests');
  expect(changed({ 'a/src/empty': '' })).toBe('image and tests');
  expect(changed({ 'a/.dockerignore': '**/*_test.go\n' })).toBe('image');
  expect(changed({ 'a/Dockerfile': 'FROM scratch AS test\nRUN test -v\nFROM scratch\nUSER 1\n' })).toBe(
    'image and tests',
  );
  expect(changed({ 'a/logo': Buffer.from([0, 13, 10]) })).toBe('image and tests');
  expect(changed({ 'a/logo': Buffer.from([0, 10]) })).toBe('image and tests');
  const before = tags();
  symlinkSync('main.go', 'a/src/link.go');
  expect(imageTag('a')).not.toBe(before[0]);
});

test('content, names and the border between files each change the hash', () => {
  const variants = {
    a: { x: '12' },
    b: { x: '13' },
    c: { y: '12' },
    d: { x: '1', x2: '' },
    e: { x: 'xy', z: 'z' },
    f: { x: 'x', z: 'yz' },
  };
  for (const [folder, files] of Object.entries(variants)) {
    write({ [`${folder}/Dockerfile`]: 'FROM scratch\n' });
    writeFiles(folder, files);
  }
  const hashes = Object.keys(variants).map((folder) => contentHash(folder));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('an image changes with the images that it is built from, and only with those', () => {
  write({
    'images/base/Dockerfile': 'FROM scratch\n',
    'images/go-builder/Dockerfile': 'ARG BASE\nFROM ${BASE}\n',
    'images/go/Dockerfile': 'ARG GO_BUILDER=golang\nFROM ${GO_BUILDER}\n',
    'images/own/Dockerfile': 'FROM scratch\n',
  });
  const hashes = () => ['images/go', 'images/own'].map((folder) => contentHash(folder));
  const before = hashes();
  expect(foundationsOf('images/go')).toEqual({ GO_BUILDER: 'images/go-builder' });
  write({ 'images/base/packages.txt': 'curl\n' });
  const after = hashes();
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).toBe(before[1]);
});

test('a tag is what Docker allows, whatever the folder is called', () => {
  write({ 'My Shop_API/Dockerfile': 'FROM scratch\n' });
  expect(imageTag('My Shop_API')).toMatch(/^redis-platform\.invalid\/my-shop-api:[0-9a-f]{12}$/);
  expect(testImageTag('My Shop_API')).toMatch(/^redis-platform\.invalid\/my-shop-api-test:[0-9a-f]{12}$/);
});

test('a folder without a Dockerfile is refused, by its name', () => {
  write({ 'a/main.go': '' });
  expect(() => imageTag('a')).toThrow(/no Dockerfile \(got a\).*ContainerImage\.fromDirectory/);
  expect(() => imageTag('nowhere')).toThrow(/no Dockerfile \(got nowhere\)/);
});

test('a .dockerignore that cannot be read is refused, by its path', () => {
  write({ 'a/Dockerfile': 'FROM scratch\n', 'a/.dockerignore': 'a[\n' });
  expect(() => imageTag('a')).toThrow(/^line 1 of a\/\.dockerignore is no pattern \(got a\[\)/);
});

test('the catalogue says what its images are built from', () => {
  process.chdir(project);
  expect(foundationsOf('images/redis')).toEqual({
    BASE: 'images/base',
    GO_BUILDER: 'images/go-builder',
    LOG_TOOLS: 'images/log-tools',
  });
  expect(Object.keys(foundationsOf('images/haproxy'))).toEqual(['BASE', 'LOG_TOOLS']);
  // The same image with another server: what is in `images/redis` is in both.
  expect(foundationsOf('images/redis-defrag')).toMatchObject({ REDIS: 'images/redis' });
  expect(
    dockerfile('images/redis-defrag')
      .split(/^FROM /m)
      .at(-1),
  ).toMatch(/^\$\{REDIS\}\n/);
});
