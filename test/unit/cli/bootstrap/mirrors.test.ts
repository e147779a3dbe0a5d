import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { debianSources } from '../../../../cli/images/base-image.js';
import { withImages } from '../../../../cli/images/dockerfile-stages.js';
import { mirrorArgs, mirroredImage, readMirrors } from '../../../../cli/bootstrap/mirrors.mjs';
import { readSite, UNPREPARED_SITE } from '../../../../environments/site.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder('mirrors');
  mkdirSync(join(folder, '.platform'));
  file = join(folder, '.platform', 'site.json');
});
const write = (mirrors: unknown) => {
  writeFileSync(file, JSON.stringify({ mirrors }));
};

test('the mirrors of a site become build arguments, lines for apt and names of images', () => {
  write({
    images: 'registry.example:5000/hub',
    debian: 'http://mirror.example/debian/',
    npm: 'https://mirror.example/npm/',
    go: 'https://go.example,direct',
    maven: 'https://mirror.example/maven2',
  });
  const mirrors = readMirrors(file);
  expect(mirrors.npm).toBe('https://mirror.example/npm');
  expect(mirrorArgs(mirrors)).toEqual({
    DEBIAN_MIRROR: 'http://mirror.example/debian',
    DEBIAN_SECURITY_MIRROR: 'http://mirror.example/debian-security',
    GOPROXY: 'https://go.example,direct',
    MAVEN_MIRROR: 'https://mirror.example/maven2',
  });
  expect(debianSources(mirrors)).toEqual([
    'deb http://mirror.example/debian trixie main',
    'deb http://mirror.example/debian trixie-updates main',
    'deb http://mirror.example/debian-security trixie-security main',
  ]);
});

test.each([
  ['debian:trixie-slim', 'r.example/hub/library/debian:trixie-slim'],
  ['debian@sha256:abc', 'r.example/hub/library/debian@sha256:abc'],
  ['elastic/filebeat:9', 'r.example/hub/elastic/filebeat:9'],
  ['docker.io/library/redis:8', 'r.example/hub/library/redis:8'],
  ['docker.io/redis:8', 'r.example/hub/library/redis:8'],
  ['ghcr.io/acme/shop:1', 'ghcr.io/acme/shop:1'],
  ['localhost/acme:1', 'localhost/acme:1'],
  ['host:5000/acme:1', 'host:5000/acme:1'],
])('%s is asked for as %s', (reference, asked) => {
  expect(mirroredImage(reference, { images: 'r.example/hub' })).toBe(asked);
  expect(mirroredImage(reference, {})).toBe(reference);
});

test('in a Dockerfile, what registries hold is asked for elsewhere; stages and arguments stay', () => {
  const text =
    'ARG BASE\nFROM ${BASE} AS debian-build\nFROM --platform=linux/amd64 redis:8 AS r\nFROM debian-build\nFROM scratch\n';
  expect(withImages(text, (reference) => mirroredImage(reference, { images: 'r.example' }))).toBe(
    text.replace('redis:8', 'r.example/library/redis:8'),
  );
});

test('without mirrors nothing is asked elsewhere', () => {
  expect(readMirrors(file)).toEqual({});
  write(undefined);
  expect(readMirrors(file)).toEqual({});
  expect([mirrorArgs({}), debianSources({})]).toEqual([{}, []]);
});

test.each([
  [{ pypi: 'https://x.example' }, /mirrors\.pypi .*Allowed: images, debian/],
  [{ npm: 'mirror.example' }, /mirrors\.npm .*"mirror\.example".*http:\/\/ or https/],
  [{ debian: "http://x.example/'; reboot" }, /mirrors\.debian/],
  [{ debian: 'http://x.example/#d' }, /mirrors\.debian/],
  [{ maven: 7 }, /mirrors\.maven .*got 7/],
  [{ images: 'https://registry.example' }, /mirrors\.images .*without either/],
  [{ images: 'hub' }, /mirrors\.images/],
  [['https://x.example'], /mirrors in/],
])('%j is refused in a sentence', (mirrors, message) => {
  write(mirrors);
  expect(() => readMirrors(file)).toThrow(message);
});

test('a site may have mirrors alone, before a machine is prepared, and keeps them', () => {
  const mirrors = { npm: 'https://mirror.example' };
  write(mirrors);
  expect(readSite(folder)).toEqual({ ...UNPREPARED_SITE, mirrors });
});
