import { expect, test } from '@jest/globals';
import { declaredImages } from '../../cli/lock/declared-images.js';
import { lockDrift, lockLeftovers, lockNote, requireLocked } from '../../cli/lock/drift.js';
import { EMPTY_LOCK, IMAGE_LOCK_FILE, readImageLock, renderImageLock } from '../../constructs/core/image-lock.js';
import { readFileSync } from 'node:fs';
import { environments, loadEnvironment } from '../../environments/index.js';
import { declaredTopology } from '../../stacks/declared-topology.js';

test('images.lock.json has every image of every environment as it is (else: npm run lock)', () => {
  const declared = declaredImages(Object.keys(environments).map((name) => declaredTopology(loadEnvironment(name))));
  const lock = readImageLock();
  expect([...lockDrift(declared, lock), ...lockLeftovers(declared, lock)]).toEqual([]);
  expect(readFileSync(IMAGE_LOCK_FILE, 'utf8')).toBe(renderImageLock(lock));
});

test('--frozen refuses a deployment whose images are not locked, a start only says so', () => {
  const environment = loadEnvironment('dev');
  const context = { environment, instance: undefined };
  expect(() => {
    requireLocked(context);
  }).not.toThrow();
  expect(() => {
    requireLocked(context, EMPTY_LOCK);
  }).toThrow(/images\/api is not in images\.lock\.json[^]*images\/redis[^]*npm run lock/);
  const topology = declaredTopology(environment);
  expect(lockNote(topology)).toBeUndefined();
  expect(lockNote(topology, EMPTY_LOCK)).toMatch(/images\/api is not in images\.lock\.json/);
});
