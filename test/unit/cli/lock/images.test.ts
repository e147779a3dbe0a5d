import { describe, expect, test } from '@jest/globals';
import { contentHash } from '../../../../constructs/core/content-hash.js';
import { EMPTY_LOCK } from '../../../../constructs/core/image-lock.js';
import { PlatformError } from '../../../../constructs/core/platform-error.js';
import { baseImagesOf, declaredImages } from '../../../../cli/images/declared-images.js';
import { lockDrift, lockLeftovers } from '../../../../cli/lock/drift.js';
import { describeChanges, renewLock } from '../../../../cli/lock/renew.js';
import { digestFrom } from '../../../../cli/lock/resolve-digest.js';
import { sketchTopology } from '../../../support/topologies.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const declared = {
  pulled: new Map([
    ['redis:8', 'the service cache'],
    [`debian:13@${digest('d')}`, 'images/base/Dockerfile'],
  ]),
  floating: new Map<string, string>(),
  built: new Map([['images/api', '0123456789ab']]),
};
const lock = {
  formatVersion: 1 as const,
  pulled: { 'redis:8': digest('a'), [`debian:13@${digest('d')}`]: digest('d') },
  built: { 'images/api': '0123456789ab' },
};
const refuse = () => Promise.reject(new Error('nobody is to be asked'));

describe('what is declared', () => {
  const registry = sketchTopology([{ name: 'cache' }]);
  const service = { ...registry.services[0], image: { kind: 'registry', from: 'redis:8', reference: 'redis:8' } };
  const topology = { ...registry, services: [service] } as typeof registry;

  test('is what services name, and the base of all images with what it is built from', () => {
    const { pulled, floating, built } = declaredImages([topology]);
    expect([...floating]).toEqual([]);
    expect(pulled.get('redis:8')).toBe('the service cache');
    expect([...pulled.keys()].filter((reference) => /^debian:.*@sha256:[0-9a-f]{64}$/.test(reference))).toHaveLength(1);
    expect([...built]).toEqual([['images/base', contentHash('images/base')]]);
  });

  test.each([
    ['FROM debian:13', ['debian:13']],
    ['FROM --platform=linux/amd64 debian:13 AS build\nFROM build\nFROM scratch', ['debian:13']],
    ['ARG BASE=debian:12\nFROM ${BASE} AS x\nFROM golang:1 as Go\nFROM go\nfrom redis:8', ['golang:1', 'redis:8']],
    ['# FROM nothing\nRUN echo FROM here', []],
  ])('is what the stages of a Dockerfile start from: %j', (text, bases) => {
    expect(baseImagesOf(text)).toEqual(bases);
  });
});

describe('drift', () => {
  test('is none where lock and declaration agree', () => {
    expect([...lockDrift(declared, lock), ...lockLeftovers(declared, lock)]).toEqual([]);
  });

  test('is every image that is not locked', () => {
    expect(lockDrift(declared, EMPTY_LOCK).map(({ what }) => what)).toEqual([
      'the image redis:8 of the service cache is not in images.lock.json',
      `the image debian:13@${digest('d')} of images/base/Dockerfile is not in images.lock.json`,
      'the image of images/api is not in images.lock.json',
    ]);
  });

  test('is a folder that changed and a digest that is another one', () => {
    const stale = {
      ...lock,
      pulled: { ...lock.pulled, [`debian:13@${digest('d')}`]: digest('e') },
      built: { 'images/api': 'ffffffffffff' },
    };
    expect(lockDrift(declared, stale)).toMatchObject([
      { what: expect.stringMatching(/debian.* has another digest in images\.lock\.json/) },
      { what: expect.stringMatching(/images\/api has changed since/), got: '0123456789ab', allowed: 'ffffffffffff' },
    ]);
  });

  test('is no word from Object.prototype', () => {
    expect(lockDrift({ ...declared, pulled: new Map([['constructor', 'x']]) }, lock)).toHaveLength(1);
  });

  test('is a Dockerfile that is built from whatever a tag means, lock or not', () => {
    const floating = new Map([['debian:13', 'images/own/Dockerfile']]);
    expect(
      lockDrift({ ...declared, floating }, { ...lock, pulled: { ...lock.pulled, 'debian:13': digest('d') } }),
    ).toEqual([
      {
        what: 'images/own/Dockerfile is built from what debian:13 means on the day',
        fix: expect.stringContaining('FROM debian:13@sha256:'),
      },
    ]);
  });

  test('what nothing declares any more is left over', () => {
    const old = { ...lock, built: { ...lock.built, 'images/old': '0123456789ab' } };
    expect(lockDrift(declared, old)).toEqual([]);
    expect(lockLeftovers(declared, old)).toMatchObject([{ what: expect.stringContaining('images/old') }]);
  });
});

describe('renewing', () => {
  test('keeps what is locked and asks no registry for it', async () => {
    const renewed = await renewLock(declared, lock, refuse);
    expect(renewed).toEqual({ lock, problems: [] });
    expect(describeChanges(lock, renewed.lock)).toEqual([]);
  });

  test('asks for what is not locked, and drops what is not declared', async () => {
    const asked: string[] = [];
    const old = { ...lock, pulled: { 'old:1': digest('0') } };
    const { lock: next } = await renewLock(declared, old, (reference) => {
      asked.push(reference);
      return Promise.resolve(digest('b'));
    });
    expect(asked).toEqual(['redis:8']);
    expect(next.pulled).toEqual({ 'redis:8': digest('b'), [`debian:13@${digest('d')}`]: digest('d') });
    expect(describeChanges(old, next)).toEqual([
      `debian:13@${digest('d')}: not locked -> ${digest('d')}`,
      `old:1: ${digest('0')} -> no longer declared`,
      `redis:8: not locked -> ${digest('b')}`,
    ]);
  });

  test('asks again for tags on demand, never for digests', async () => {
    const { lock: next } = await renewLock(declared, lock, () => Promise.resolve(digest('b')), { update: true });
    expect(next.pulled).toEqual({ ...lock.pulled, 'redis:8': digest('b') });
  });

  test('a registry that does not answer is a problem to fix, and what was known stays', async () => {
    const silent = () => Promise.reject(new PlatformError({ what: 'no answer', fix: 'Wait.' }));
    expect(await renewLock(declared, lock, silent, { update: true })).toEqual({
      lock,
      problems: [{ what: 'no answer', fix: 'Wait.' }],
    });
  });
});

describe('the digest that the engine reports', () => {
  test.each([
    ['redis:8', [`redis@${digest('a')}`]],
    ['docker.io/library/redis:8', [`redis@${digest('a')}`]],
    ['library/redis:8', [`mirror.example/redis@${digest('b')}`, `redis@${digest('a')}`]],
    ['ghcr.io/acme/shop:1.4', [`ghcr.io/acme/shop@${digest('a')}`]],
    ['localhost:5000/shop:1', [`localhost:5000/shop@${digest('a')}`]],
    [`redis:8@${digest('a')}`, [`redis@${digest('a')}`]],
  ])('of %s is that of its own registry', (reference, digests) => {
    expect(digestFrom(digests, reference)).toBe(digest('a'));
  });

  test.each([[[]], [undefined], [[`other/redis@${digest('a')}`]]])('is missing in %j', (digests) => {
    expect(digestFrom(digests, 'redis:8')).toBeUndefined();
  });
});
