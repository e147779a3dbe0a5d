import { expect, test } from '@jest/globals';
import { declaredImages } from '../../cli/lock/declared-images.js';
import { lockDrift, lockLeftovers } from '../../cli/lock/drift.js';
import { IMAGE_LOCK_FILE, readImageLock, renderImageLock } from '../../constructs/core/image-lock.js';
import { readFileSync } from 'node:fs';
import { environments, loadEnvironment } from '../../environments/index.js';
import { declaredTopology } from '../../stacks/declared-topology.js';

test('images.lock.json has every image of every environment as it is (else: npm run lock)', () => {
  const declared = declaredImages(Object.keys(environments).map((name) => declaredTopology(loadEnvironment(name))));
  const lock = readImageLock();
  expect([...lockDrift(declared, lock), ...lockLeftovers(declared, lock)]).toEqual([]);
  expect(readFileSync(IMAGE_LOCK_FILE, 'utf8')).toBe(renderImageLock(lock));
});
