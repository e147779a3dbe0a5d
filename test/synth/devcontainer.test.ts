import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { compareVersions } from '../../cli/bootstrap/programs.mjs';
import { parseEnvironment } from '../../environments/schema.js';
import { dev } from '../support/dev.js';
import { topologyOf } from '../support/offline-deployment.js';

const file = '.devcontainer/devcontainer.json';
const definition = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly image: string;
  readonly features: Readonly<Record<string, { readonly version: string }>>;
  readonly postCreateCommand: readonly string[];
  readonly postStartCommand: readonly string[];
  readonly forwardPorts: readonly number[];
  readonly portsAttributes: Readonly<Record<string, unknown>>;
};
const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts;

function feature(name: string): string {
  const found = Object.entries(definition.features).find(([reference]) => reference.includes(`/${name}:`));
  return found?.[1].version ?? 'missing';
}

test('the dev container is the same for everybody: image, features and what they install are exact versions', () => {
  expect(definition.image).toMatch(/:\d+\.\d+\.\d+-[a-z]+$/);
  for (const [reference, { version }] of Object.entries(definition.features)) {
    expect(reference).toMatch(/:\d+\.\d+\.\d+$/);
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

test('it brings an engine of its own, and what the README asks for', () => {
  expect(compareVersions(feature('docker-in-docker'), '20.10')).toBeGreaterThanOrEqual(0);
  expect(compareVersions(feature('node'), '20.20')).toBeGreaterThanOrEqual(0);
  expect(compareVersions(feature('terraform'), '1.6')).toBeGreaterThanOrEqual(0);
});

test('it prepares the machine once and starts the platform each time', () => {
  expect(definition.postCreateCommand.slice(0, 3)).toEqual(['npm', 'run', 'prepare-machine']);
  expect(definition.postStartCommand.slice(0, 2)).toEqual(['npm', 'start']);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['prepare-machine', 'start']));
});

test(`what dev publishes is forwarded and named, and nothing else (else: correct ${file})`, () => {
  const published = topologyOf(parseEnvironment(dev)).published.map(({ hostPort }) => hostPort);
  expect([...definition.forwardPorts].sort()).toEqual([...published].sort());
  const named = Object.keys(definition.portsAttributes).flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  expect(named.sort()).toEqual([...published].sort());
});
