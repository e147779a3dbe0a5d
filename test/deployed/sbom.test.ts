import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { connectEngine, type Engine } from '../../cli/engine/engine.js';
import { renderBom } from '../../cli/sbom/bom.js';
import { readImageFiles } from '../../cli/sbom/image-files.js';
import { imageTag } from '../../constructs/core/content-hash.js';
import { PlatformError } from '../../constructs/core/platform-error.js';

let engine: Engine;
beforeAll(async () => {
  engine = await connectEngine();
});

async function contentOf(folder: string): Promise<{ name: string; version?: string; purl: string }[]> {
  const image = imageTag(folder);
  const bom = JSON.parse(await renderBom(image, await readImageFiles(engine, image))) as {
    components: { name: string; version?: string; purl: string }[];
  };
  return bom.components;
}

test.each(['images/api', 'images/base', 'images/haproxy', 'images/redis'])(
  'the SBOM of %s names exactly the packages that dpkg knows there',
  async (folder) => {
    const format = '${Package}@${Version}\\n';
    const query = [
      'run',
      '--rm',
      '--network',
      'none',
      '--entrypoint',
      'dpkg-query',
      imageTag(folder),
      '-W',
      '-f',
      format,
    ];
    const { stdout } = await execa(findDocker(), query, { env: engine.environment });
    const known = stdout.split('\n');
    expect(known.length).toBeGreaterThan(50);
    const packages = (await contentOf(folder)).filter(({ purl }) => purl.startsWith('pkg:deb/'));
    expect(packages.map(({ name, version = '' }) => `${name}@${version}`).sort()).toEqual(known.sort());
  },
);

test.each(['images/api', 'images/redis'])(
  'the SBOM of %s names Go and the modules that its go.mod asks for',
  async (folder) => {
    const lines = readFileSync(`${folder}/go.mod`, 'utf8').matchAll(/^(?:require |\t)(\S+) (v\S+)$/gm);
    const direct = [...lines].map(([, name = '', version = '']) => `${name}@${version}`);
    expect(direct.length).toBeGreaterThan(0);
    const modules = (await contentOf(folder)).map(({ name, version = '' }) => `${name}@${version}`);
    expect(modules).toEqual(expect.arrayContaining([...direct, expect.stringMatching(/^std@1\.\d+/)]));
  },
);

test('an image that the engine lacks is named, with what to do', async () => {
  const missing = readImageFiles(engine, 'redis-platform.invalid/nobody-built-this:000000000000');
  await expect(missing).rejects.toThrow(PlatformError);
  await expect(missing).rejects.toThrow(/nobody-built-this.*npm run prepare-machine/);
});
