import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  contentHash,
  contextFiles,
  foundationsOf,
  imageTag,
  testImageTag,
} from '../../../constructs/core/content-hash.js';

const project = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'content-hash-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(project);
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

test('line ends of a Windows checkout do not change the hash of text', () => {
  write({ 'a/Dockerfile': 'FROM scratch\nCOPY x /\n', 'b/Dockerfile': 'FROM scratch\r\nCOPY x /\r\n' });
  expect(contentHash('a')).toBe(contentHash('b'));
});

test('a binary file keeps its bytes', () => {
  const binary = Buffer.from([0, 13, 10, 255]);
  write({ 'a/Dockerfile': 'FROM scratch\n', 'a/logo': binary });
  expect(contextFiles('a').find(({ path }) => path === 'logo')?.content).toEqual(binary);
});

test('text outside ASCII survives the change of its line ends', () => {
  write({ 'a/Dockerfile': 'FROM scratch\n', 'a/text': 'größe\r\n' });
  expect(
    contextFiles('a')
      .find(({ path }) => path === 'text')
      ?.content.toString(),
  ).toBe('größe\n');
});

test('the order in which files were created does not matter', () => {
  write({ 'a/Dockerfile': 'FROM scratch\n', 'a/z': '1', 'a/B': '2', 'a/sub/a': '3' });
  write({ 'b/sub/a': '3', 'b/B': '2', 'b/z': '1', 'b/Dockerfile': 'FROM scratch\n' });
  expect(contentHash('a')).toBe(contentHash('b'));
  expect(contextFiles('a').map(({ path }) => path)).toEqual(['B', 'Dockerfile', 'sub/a', 'z']);
});

test('content, names and the border between files each change the hash', () => {
  write({
    'a/Dockerfile': 'FROM scratch\n',
    'a/x': '12',
    'b/Dockerfile': 'FROM scratch\n',
    'b/x': '13',
    'c/Dockerfile': 'FROM scratch\n',
    'c/y': '12',
    'd/Dockerfile': 'FROM scratch\n',
    'd/x': '1',
    'd/x2': '',
  });
  expect(new Set(['a', 'b', 'c', 'd'].map(contentHash)).size).toBe(4);
});

test('what git and npm keep in a folder is not part of it', () => {
  write({
    'a/Dockerfile': 'FROM scratch\n',
    'b/Dockerfile': 'FROM scratch\n',
    'b/.git/HEAD': 'x',
    'b/node_modules/m/i.js': 'y',
  });
  expect(contentHash('b')).toBe(contentHash('a'));
});

test('an image changes with the images that it is built from, and only with those', () => {
  write({
    'images/base/Dockerfile': 'FROM scratch\n',
    'images/go-builder/Dockerfile': 'ARG BASE\nFROM ${BASE}\n',
    'images/go/Dockerfile': 'ARG GO_BUILDER=golang\nFROM ${GO_BUILDER}\n',
    'images/own/Dockerfile': 'FROM scratch\n',
  });
  const before = ['images/go', 'images/own'].map(contentHash);
  expect(foundationsOf('images/go')).toEqual({ GO_BUILDER: 'images/go-builder' });
  write({ 'images/base/packages.txt': 'curl\n' });
  const after = ['images/go', 'images/own'].map(contentHash);
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).toBe(before[1]);
});

test('a tag is what Docker allows, whatever the folder is called', () => {
  write({ 'My Shop_API/Dockerfile': 'FROM scratch\n' });
  expect(imageTag('My Shop_API')).toMatch(/^redis-platform\/my-shop-api:[0-9a-f]{12}$/);
  expect(testImageTag('My Shop_API')).toBe(imageTag('My Shop_API').replace(':', '-test:'));
});

test('a folder without a Dockerfile is refused, by its name', () => {
  write({ 'a/main.go': '' });
  expect(() => imageTag('a')).toThrow(/no Dockerfile \(got a\).*ContainerImage\.fromDirectory/);
  expect(() => imageTag('nowhere')).toThrow(/no Dockerfile \(got nowhere\)/);
});
