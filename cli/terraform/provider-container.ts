import { createWriteStream } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { imageTag } from '../../constructs/core/content-hash.js';
import { putInPlace } from '../../constructs/core/whole-file.mjs';
import { archive } from '../images/build-context.js';
import type { Engine } from '../engine/engine.js';
import { hostSettings } from '../images/host-settings.js';
import type { OnLine } from '../images/image-builder.js';
import { lastLines } from '../bootstrap/programs.mjs';
import { type BuiltProvider, placeProvider, providerBuildArgs, providerModule } from '../bootstrap/provider.mjs';

const GO_BUILDER = 'images/go-builder';
const FOLDER = '/provider';

/**
 * Builds the provider in a container, where the host has no Go. The image go-builder has to be there.
 * @param platform what for, in Terraform's words: `windows_amd64`
 */
export async function buildProviderInContainer(
  engine: Engine,
  platform: string,
  onLine?: OnLine,
): Promise<BuiltProvider> {
  const [os = '', architecture = ''] = platform.split('_');
  const { args, network } = await hostSettings(engine);
  const settings = {
    ...args,
    GOOS: os,
    GOARCH: architecture,
    CGO_ENABLED: '0',
    GOTOOLCHAIN: 'auto',
  };
  const [command = '', ...rest] = providerBuildArgs;
  return placeProvider(
    platform,
    async (binary) => {
      onLine?.('compiling it in a container');
      const container = await engine.docker.createContainer({
        Image: imageTag(GO_BUILDER),
        Cmd: ['go', command, '-o', `${FOLDER}/provider`, ...rest],
        WorkingDir: FOLDER,
        // Without one, its log would come in a format of its own.
        Tty: true,
        Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
        ...(network && { HostConfig: { NetworkMode: network } }),
        Labels: { 'redis-platform.builds': 'provider' },
      });
      try {
        await container.putArchive(await moduleArchive(), { path: '/' });
        await container.start();
        const { StatusCode } = (await container.wait()) as { StatusCode: number };
        if (StatusCode !== 0) {
          const log = await container.logs({ stdout: true, stderr: true });
          throw new Error(lastLines(log.toString()));
        }
        await takeFile(await container.getArchive({ path: `${FOLDER}/provider` }), binary);
      } finally {
        await container.remove({ force: true, v: true });
      }
    },
    onLine,
  );
}

async function moduleArchive(): Promise<Buffer> {
  const files = ['go.mod', 'go.sum'].map(async (name) => ({
    header: { name: `${FOLDER.slice(1)}/${name}` },
    content: await readFile(join(providerModule, name)),
  }));
  return archive(await Promise.all(files));
}

/** The one file of an archive. */
async function takeFile(archive: NodeJS.ReadableStream, path: string): Promise<void> {
  const draft = `${path}.new`;
  const files = extract();
  files.on('entry', (_, content, next) => {
    pipeline(content, createWriteStream(draft)).then(() => {
      next();
    }, next);
  });
  try {
    await pipeline(archive, files);
    await chmod(draft, 0o755);
    putInPlace(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
