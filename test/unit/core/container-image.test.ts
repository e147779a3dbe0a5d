import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
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
  test.each(['images/nowhere', 'test', ''])('%j, which has no Dockerfile, is refused at once', (path) => {
    expect(() => ContainerImage.fromDirectory(path)).toThrow(/no Dockerfile[^]*Check the path/);
  });

  test('a path that other machines do not have is refused', () => {
    expect(() => ContainerImage.fromDirectory(resolve('images/api'))).toThrow(/relative to the project/);
    expect(() => ContainerImage.fromDirectory('images\\api')).toThrow(/forward slashes/);
  });
});

test.each(['api', 'haproxy', 'redis'] as const)('the catalogue has %s', (name) => {
  const image = ContainerImage.fromCatalog(name);
  expect(image.source).toEqual({ kind: 'directory', folder: `images/${name}` });
  expect(image.reference).toMatch(new RegExp(`^redis-platform\\.invalid/${name}:[0-9a-f]{12}$`));
});
