import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cacheFolder } from '../../../../cli/bootstrap/paths.mjs';
import {
  findBuiltProvider,
  findWrongProvider,
  placeProvider,
  terraformCliConfig,
} from '../../../../cli/bootstrap/provider.mjs';
import { processEnv } from '../../../../environments/process-env.js';
import { providerVersion } from '../../../../constructs/core/provider-version.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

// The one place that may write it is a test.
const environment = processEnv as Record<string, string | undefined>;

test("Terraform's configuration names a Windows path with forward slashes", () => {
  const text = terraformCliConfig('C:\\Users\\Ada "A" Lovelace\\AppData\\Local\\redis-platform\\mirror');
  expect(text).toContain('path    = "C:/Users/Ada \\"A\\" Lovelace/AppData/Local/redis-platform/mirror"');
});

test('only the Docker provider comes from the mirror', () => {
  const text = terraformCliConfig('/cache/mirror');
  expect(text).toMatch(
    /filesystem_mirror \{\n\s+path\s+= "\/cache\/mirror"\n\s+include = \["registry.terraform.io\/kreuzwerker\/docker"\]/,
  );
  expect(text).toMatch(/direct \{\n\s+exclude = \["registry.terraform.io\/kreuzwerker\/docker"\]/);
});

test.each([
  ['linux', {}, '/home/ada', '/home/ada/.cache/redis-platform'],
  ['linux', { XDG_CACHE_HOME: '/var/tmp/ada' }, '/home/ada', '/var/tmp/ada/redis-platform'],
  ['linux', { XDG_CACHE_HOME: 'not/absolute' }, '/home/ada', '/home/ada/.cache/redis-platform'],
  ['darwin', {}, '/Users/ada', '/Users/ada/Library/Caches/redis-platform'],
  ['win32', { LOCALAPPDATA: 'D:\\Local' }, 'C:\\Users\\ada', 'D:\\Local\\redis-platform'],
  ['win32', {}, 'C:\\Users\\ada', 'C:\\Users\\ada\\AppData\\Local\\redis-platform'],
] as const)('the cache on %s with %j', (platform, env, home, expected) => {
  expect(cacheFolder(platform, env, home)).toBe(expected);
});

test('a build shows up whole or not at all, and only once however many ask for it', async () => {
  const cache = temporaryFolder('provider');
  // Whatever the system keeps its caches by.
  const names = ['XDG_CACHE_HOME', 'LOCALAPPDATA', 'HOME'];
  const before = names.map((name) => [name, environment[name]] as const);
  for (const name of names) environment[name] = cache;
  try {
    await expect(placeProvider('windows_amd64', () => Promise.reject(new Error('no module')))).rejects.toThrow(
      /could not be built: no module/,
    );
    expect(findBuiltProvider('windows_amd64')).toBeUndefined();
    const program = Buffer.alloc(10_000_000);
    program.write('MZ');
    let builds = 0;
    const build = (path: string): Promise<void> => {
      builds++;
      writeFileSync(path, program);
      return Promise.resolve();
    };
    const [first, second] = await Promise.all([
      placeProvider('windows_amd64', build),
      placeProvider('windows_amd64', build),
    ]);
    expect(builds).toBe(1);
    expect(second).toEqual(first);
    expect(findBuiltProvider('windows_amd64')).toEqual(first);
    expect(first.binary).toContain(
      join('docker', providerVersion, 'windows_amd64', `terraform-provider-docker_v${providerVersion}.exe`),
    );
    expect(first.binary.startsWith(cache)).toBe(true);
    expect(readFileSync(first.binary).equals(program)).toBe(true);
    // What cannot be the provider is replaced: for another system, or cut off.
    for (const wrong of [Buffer.from('program'), Buffer.alloc(10_000_000, 1)]) {
      writeFileSync(first.binary, wrong);
      expect(findBuiltProvider('windows_amd64')).toBeUndefined();
      expect(findWrongProvider('windows_amd64')).toBe(first.binary);
      await placeProvider('windows_amd64', build);
      expect(readFileSync(first.binary).equals(program)).toBe(true);
    }
    expect(builds).toBe(3);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(environment, name);
      else environment[name] = value;
    }
  }
});
