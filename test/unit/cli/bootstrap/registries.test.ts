import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { chooseProvider, chooseSources, forcedSources } from '../../../../cli/bootstrap/registries.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;
let file: string;
let asked: string[];

beforeEach(() => {
  folder = temporaryFolder('registries');
  file = join(folder, 'state', 'sources.json');
  asked = [];
});

function probes(answers: { images: boolean; provider: boolean }) {
  const probe = (name: 'images' | 'provider') => () => {
    asked.push(name);
    return Promise.resolve(answers[name]);
  };
  return { images: probe('images'), provider: probe('provider'), canBuild: true };
}
const reachable = () => probes({ images: true, provider: true });
const cutOff = () => probes({ images: false, provider: false });

test('what answers is used, what does not is made here, and each is said in a line', async () => {
  const { sources, lines } = await chooseSources({}, probes({ images: false, provider: true }), file);
  expect(sources).toEqual({ images: 'build', provider: 'registry' });
  expect(lines).toEqual([
    'images: build (no image registry answers; --images=pull forces the other way)',
    'provider: registry (Terraform registry answers; --provider=build forces the other way)',
  ]);
});

test('the answer is remembered: the next start asks nobody and says nothing', async () => {
  await chooseSources({}, cutOff(), file);
  asked = [];
  expect(await chooseSources({}, reachable(), file)).toEqual({
    sources: { images: 'build', provider: 'build' },
    lines: [],
  });
  expect(asked).toEqual([]);
});

test('a forced source asks nobody, is said once, and stays', async () => {
  const first = await chooseSources({ images: 'pull', provider: 'build' }, cutOff(), file);
  expect(first.sources).toEqual({ images: 'pull', provider: 'build' });
  expect(first.lines[0]).toMatch(/^images: pull .*--images=auto asks again/);
  expect(asked).toEqual([]);
  expect(await chooseSources({ images: 'pull' }, cutOff(), file)).toEqual({ sources: first.sources, lines: [] });
});

test('where images cannot be made, they are pulled, and nobody is asked whether a registry answers', async () => {
  const { sources } = await chooseSources({}, { ...cutOff(), canBuild: false }, file);
  expect(sources.images).toBe('pull');
  expect(asked).toEqual(['provider']);
});

test('the provider is chosen without a word about images, for which the engine has to be asked first', async () => {
  expect(await chooseProvider({}, cutOff(), file)).toMatchObject({ from: 'build' });
  expect(asked).toEqual(['provider']);
  asked = [];
  expect((await chooseSources({}, reachable(), file)).sources).toEqual({ images: 'pull', provider: 'build' });
  expect(asked).toEqual(['images']);
});

test('`auto` asks again', async () => {
  await chooseSources({}, cutOff(), file);
  asked = [];
  const { sources } = await chooseSources({ images: 'auto' }, reachable(), file);
  expect(sources).toEqual({ images: 'pull', provider: 'build' });
  expect(asked).toEqual(['images']);
});

test('a damaged memory is replaced', async () => {
  await chooseSources({}, cutOff(), file);
  writeFileSync(file, '{"images":');
  expect((await chooseSources({}, reachable(), file)).sources).toEqual({ images: 'pull', provider: 'registry' });
});

test('flags are read in both spellings, and the last one counts', () => {
  expect(forcedSources(['start', '--images=pull', '--provider', 'build'])).toEqual({
    images: 'pull',
    provider: 'build',
  });
  expect(forcedSources(['--images=pull', '--images=build'])).toEqual({ images: 'build', provider: undefined });
});

test('another value is refused with what is allowed', () => {
  expect(() => forcedSources(['--images=registry'])).toThrow(/--images is "registry": Allowed: pull, build, auto/);
  expect(() => forcedSources(['--provider'])).toThrow(/--provider is empty/);
});
