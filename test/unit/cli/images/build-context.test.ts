import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { buildContext } from '../../../../cli/images/build-context.js';
import { contextFiles } from '../../../../constructs/core/image-context.js';
import { temporaryFolder, writeFiles } from '../../../support/temporary-folder.js';

interface Sent {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number | undefined;
  readonly link?: string;
}

/** What an engine unpacks. */
async function unpack(tar: Buffer): Promise<Sent[]> {
  const unpacker = extract();
  Readable.from([tar]).pipe(unpacker);
  const files: Sent[] = [];
  for await (const entry of unpacker) {
    const { name, mode, type, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.push({ path: name, content: Buffer.concat(chunks), mode, ...(type === 'symlink' && { link: linkname }) });
  }
  return files;
}

test('a Windows checkout gives the engine the same bytes as a Linux one', async () => {
  const folder = temporaryFolder('context');
  for (const [name, lineEnd, mode] of [
    ['linux', '\n', 0o755],
    ['windows', '\r\n', 0o666],
  ] as const) {
    writeFiles(join(folder, name), { Dockerfile: `FROM scratch${lineEnd}`, run: `#!/bin/sh${lineEnd}true${lineEnd}` });
    for (const file of ['Dockerfile', 'run']) chmodSync(join(folder, name, file), mode);
  }
  const linux = await buildContext(join(folder, 'linux'));
  expect(linux.equals(await buildContext(join(folder, 'windows')))).toBe(true);
  expect((await unpack(linux)).map(({ path, mode }) => [path, mode])).toEqual([
    ['Dockerfile', 0o644],
    ['run', 0o755],
  ]);
});

test.each(['image', 'tests'] as const)('what is sent for the %s is what its tag is a hash of', async (of) => {
  const folder = temporaryFolder('context');
  writeFiles(folder, {
    '.dockerignore': '*.md\n!b.md\n**/x',
    Dockerfile: 'FROM scratch AS test\nFROM scratch\n',
    'a.md': 'a',
    'b.md': 'b\r\n',
    'sub/x/y': '',
    'sub/.z': '',
  });
  symlinkSync('b.md', join(folder, 'link'));
  const sent = (await unpack(await buildContext(folder, of))).map(({ path, content, link }) => ({
    path,
    content,
    ...(link !== undefined && { link }),
  }));
  expect(sent).toEqual(contextFiles(folder, of));
  const paths =
    of === 'image'
      ? ['Dockerfile', 'b.md', 'link', 'sub/.z']
      : ['Dockerfile', 'a.md', 'b.md', 'link', 'sub/.z', 'sub/x/y'];
  expect(sent.map(({ path }) => path)).toEqual(paths);
});

test('what belongs to this machine takes the place of what is in the folder', async () => {
  const folder = temporaryFolder('context');
  writeFiles(folder, { Dockerfile: 'FROM a\n', x: '' });
  const sent = await unpack(await buildContext(folder, 'image', { Dockerfile: Buffer.from('FROM b\n') }));
  expect(sent.map(({ path, content }) => [path, content.toString()])).toEqual([
    ['x', ''],
    ['Dockerfile', 'FROM b\n'],
  ]);
});
