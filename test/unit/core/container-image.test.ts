import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { contextFiles, foundationsOf, imageTag, testImageTag } from '../../../constructs/core/content-hash.js';
import { PlatformError } from '../../../constructs/core/platform-error.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('from a registry', () => {
  test.each([
    'redis:8.0.2',
    'library/redis:8',
    'ghcr.io/acme/shop:1.4.2-alpine_3',
    'localhost:5000/acme/shop:v1',
    'registry.example.com:443/team/my--app__x:1',
    `ghcr.io/acme/shop@${digest}`,
    `ghcr.io/acme/shop:1.4.2@${digest}`,
    `ghcr.io/acme/shop:latest@${digest}`,
    'redis:latest-1',
  ])('%s is taken as it is', (reference) => {
    expect(ContainerImage.fromRegistry(reference)).toMatchObject({
      reference,
      source: { kind: 'registry', reference },
    });
  });

  test.each([
    'redis',
    'redis:',
    'redis:latest',
    'localhost:5000/acme/shop',
    'Redis:8',
    'redis:8 ',
    'redis :8',
    'redis:8:9',
    'https://ghcr.io/acme/shop:1',
    'redis@sha256:0123',
    '/redis:8',
    'acme//redis:8',
    '-redis:8',
    'redis:.8',
    '',
    `redis:${'9'.repeat(129)}`,
  ])('%j is refused with what to write instead', (reference) => {
    expect(() => ContainerImage.fromRegistry(reference)).toThrow(PlatformError);
    expect(() => ContainerImage.fromRegistry(reference)).toThrow(/not `latest`[^]*fixed version/);
  });
});

describe('from a directory', () => {
  let folder: string;
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const tag = (): string => imageTag(relative(process.cwd(), folder).replaceAll('\\', '/'));
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'redis-platform-Image_'));
    write('Dockerfile', 'FROM scratch\n');
    write('src/main.c', 'int main;\n');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("the tag is the folder's name, as Docker allows it, and a hash of the content", () => {
    expect(tag()).toMatch(/^redis-platform\/redis-platform-image-[a-z0-9-]+:[0-9a-f]{12}$/);
    expect(tag()).toBe(tag());
  });

  test('every change of a file, its name or a link is another tag; line ends and left-overs are not', () => {
    const seen = new Set([tag()]);
    const differs = (): boolean => seen.size < seen.add(tag()).size;
    write('src/main.c', 'int main2;\n');
    expect(differs()).toBe(true);
    write('src/other.c', '');
    expect(differs()).toBe(true);
    symlinkSync('main.c', join(folder, 'src', 'link.c'));
    expect(differs()).toBe(true);
    write('src/main.c', 'int main2;\r\n');
    expect(differs()).toBe(false);
    write('node_modules/x', 'x');
    write('.git/x', 'x');
    write('.DS_Store', 'x');
    expect(differs()).toBe(false);
    write('logo.bin', Buffer.from([0, 13, 10, 1]));
    expect(differs()).toBe(true);
    write('logo.bin', Buffer.from([0, 10, 1]));
    expect(differs()).toBe(true);
  });

  test('content cannot move from one file into the next unseen', () => {
    write('a', 'xy');
    write('b', 'z');
    const before = tag();
    write('a', 'x');
    write('b', 'yz');
    expect(tag()).not.toBe(before);
  });

  test('files are in an order that no locale changes', () => {
    for (const name of ['B', 'a', 'ä', 'Z1', '_']) write(`order/${name}`, '');
    const paths = contextFiles(join(folder, 'order')).map(({ path }) => path);
    expect(paths).toEqual(['B', 'Z1', '_', 'a', 'ä']);
  });

  test('an image is another one when an image that it is built from changes', () => {
    const home = process.cwd();
    write('images/base/Dockerfile', 'FROM scratch\n');
    write('images/app/Dockerfile', 'ARG BASE\nFROM ${BASE}\n');
    write('images/alone/Dockerfile', 'FROM scratch\n');
    try {
      // Folders are relative to the project.
      process.chdir(folder);
      const before = ['images/app', 'images/alone'].map(imageTag);
      write('images/base/packages.txt', 'ca-certificates\n');
      const after = ['images/app', 'images/alone'].map(imageTag);
      expect(after[0]).not.toBe(before[0]);
      expect(after[1]).toBe(before[1]);
    } finally {
      process.chdir(home);
    }
  });

  test('the catalogue says what its images are built from', () => {
    expect(foundationsOf('images/redis')).toEqual({
      BASE: 'images/base',
      GO_BUILDER: 'images/go-builder',
      LOG_TOOLS: 'images/log-tools',
    });
    expect(Object.keys(foundationsOf('images/haproxy'))).toEqual(['BASE', 'LOG_TOOLS']);
  });

  test('the tests of an image have the same hash under another name', () => {
    expect(testImageTag('images/api')).toBe(imageTag('images/api').replace('/api:', '/api-test:'));
  });

  test.each(['images/nowhere', 'test', ''])('%j, which has no Dockerfile, is refused at once', (path) => {
    expect(() => ContainerImage.fromDirectory(path)).toThrow(/no Dockerfile[^]*Check the path/);
  });

  test('a path that other machines do not have is refused', () => {
    expect(() => ContainerImage.fromDirectory(folder)).toThrow(/relative to the project/);
    expect(() => ContainerImage.fromDirectory('images\\api')).toThrow(/forward slashes/);
  });
});

test.each(['api', 'haproxy', 'redis'] as const)('the catalogue has %s', (name) => {
  const image = ContainerImage.fromCatalog(name);
  expect(image.source).toEqual({ kind: 'directory', folder: `images/${name}` });
  expect(image.reference).toMatch(new RegExp(`^redis-platform/${name}:[0-9a-f]{12}$`));
});
