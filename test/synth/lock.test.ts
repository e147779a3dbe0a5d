import { expect, test } from '@jest/globals';
import { declaredImages } from '../../cli/images/declared-images.js';
import { apartFromElastic, lockDrift, lockLeftovers, lockNote, requireLocked } from '../../cli/lock/drift.js';
import { EMPTY_LOCK, IMAGE_LOCK_FILE, readImageLock, renderImageLock } from '../../constructs/core/image-lock.js';
import { readFileSync } from 'node:fs';
import { parseEnvironment } from '../../environments/schema.js';
import { project } from '../../project.js';
import { dev } from '../support/dev.js';
import { declaredTopology, everyTopology } from '../../cli/synth/declared-topology.js';

test('images.lock.json has every image of every environment as it is (else: npm run lock)', async () => {
  const declared = declaredImages(await everyTopology(project));
  const lock = readImageLock();
  const problems = [...lockDrift(declared, lock), ...lockLeftovers(declared, lock)].map(({ what }) => what);
  // Their digests are the registry's to tell; until somebody who reaches it writes them down, --frozen refuses the flavour `elastic`.
  const floating = ['elasticsearch', 'filebeat', 'kibana', 'logstash'].map(
    (name) => `images/${name}/Dockerfile is built from`,
  );
  expect(problems.filter((what) => !floating.some((known) => what.startsWith(known)))).toEqual([]);
  expect(readFileSync(IMAGE_LOCK_FILE, 'utf8')).toBe(renderImageLock(lock));
});

test('--frozen refuses a deployment whose images are not locked, a start only says so', async () => {
  const topology = await declaredTopology(project, parseEnvironment(dev), { logs: 'debian' });
  expect(() => {
    requireLocked(topology);
  }).not.toThrow();
  expect(() => {
    requireLocked(topology, EMPTY_LOCK);
  }).toThrow(/images\/api is not in images\.lock\.json[^]*images\/redis[^]*npm run lock/);
  expect(lockNote(topology)).toBeUndefined();
  expect(lockNote(topology, EMPTY_LOCK)).toMatch(/images\/api is not in images\.lock\.json/);
});

test('a log stack whose digests cannot be had here is refused by name, and everything else is locked', async () => {
  const declared = {
    ...declaredImages(await everyTopology(project)),
    floating: new Map([['elastic/filebeat:9', 'images/filebeat/Dockerfile']]),
  };
  const elsewhere = declaredImages(await everyTopology(project, ['debian']));
  const found = lockDrift(declared, readImageLock());
  const { problems, refusal } = apartFromElastic(found, elsewhere);
  expect([found.length, problems]).toEqual([1, []]);
  expect(refusal).toMatch(/^Not locked: logs\.flavour elastic, .*images\/filebeat\/Dockerfile is built from/);
  // What every deployment needs is no matter of a log stack.
  const everywhere = apartFromElastic(found, declared);
  expect([everywhere.problems, everywhere.refusal]).toEqual([found, undefined]);
  expect(apartFromElastic([], elsewhere)).toEqual({ problems: [], refusal: undefined });
});
