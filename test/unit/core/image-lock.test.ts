import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { EMPTY_LOCK, readImageLock, renderImageLock } from '../../../constructs/core/image-lock.js';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const lock = {
  formatVersion: 1 as const,
  pulled: { 'redis:8': digest, 'acme/shop:1': digest },
  built: { 'images/b': '0123456789ab', 'images/a': 'ba9876543210' },
};

const project = process.cwd();
let folder: string;
beforeEach(() => {
  folder = temporaryFolder('image-lock');
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(project);
});

test('what was written is read, and is the same text for the same images', () => {
  const text = renderImageLock(lock);
  writeFileSync('images.lock.json', text);
  expect(readImageLock()).toEqual(lock);
  const reversed = Object.fromEntries(Object.entries(lock.pulled).toReversed());
  expect(renderImageLock({ ...lock, pulled: reversed })).toBe(text);
  expect(text.indexOf('acme/shop')).toBeLessThan(text.indexOf('redis:8'));
  expect(text.indexOf('images/a')).toBeLessThan(text.indexOf('images/b'));
  expect(text).toMatch(/\}\n$/);
  expect(text).not.toContain('\r');
});

test('without a file nothing is locked', () => {
  expect(readImageLock()).toEqual(EMPTY_LOCK);
});

test.each([
  ['<<<<<<< HEAD'],
  ['{}'],
  [JSON.stringify({ ...lock, formatVersion: 2 })],
  [JSON.stringify({ ...lock, pulled: { 'redis:8': 'sha256:0123' } })],
])('a broken file is refused with what to do: %s', (text) => {
  writeFileSync('images.lock.json', text);
  expect(() => readImageLock()).toThrow(PlatformError);
  expect(() => readImageLock()).toThrow(/images\.lock\.json cannot be read[^]*npm run lock/);
});

test('an image of a registry is run by its locked digest, and is still declared by its tag', () => {
  writeFileSync('images.lock.json', renderImageLock(lock));
  expect(ContainerImage.fromRegistry('redis:8')).toEqual({
    source: { kind: 'registry', reference: 'redis:8' },
    reference: `redis:8@${digest}`,
  });
  expect(ContainerImage.fromRegistry('redis:9').reference).toBe('redis:9');
});

test('a digest in the code wins over the lock', () => {
  const own = `redis:8@sha256:${'f'.repeat(64)}`;
  writeFileSync('images.lock.json', renderImageLock({ ...lock, pulled: { [own]: digest } }));
  expect(ContainerImage.fromRegistry(own).reference).toBe(own);
});
