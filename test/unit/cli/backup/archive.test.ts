import { createWriteStream, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { pack } from 'tar-stream';
import { checkArchive, snapshotOf, writeArchive } from '../../../../cli/backup/archive.js';
import { FORMAT_VERSION, type Manifest } from '../../../../cli/backup/manifest.js';
import { manifest, rdb } from './sample.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const folder = temporaryFolder('archive');
const file = join(folder, 'ä b.tar');

async function write(to: string, of: Manifest = manifest): Promise<string> {
  const rdbFile = join(folder, 'dump');
  writeFileSync(rdbFile, rdb);
  await writeArchive(to, { manifest: of, topology: '{}\n', rdbFile });
  return to;
}

beforeAll(() => write(file));

describe('a backup', () => {
  it('is read as it was written', async () => {
    expect(await checkArchive(file)).toEqual(manifest);
    expect((await buffer(Readable.from(snapshotOf(file)))).equals(rdb)).toBe(true);
  });

  it.each([1, 600, 100_000, 302_000])('that was cut off after %i bytes is refused', async (length) => {
    const cut = await write(join(folder, 'cut.tar'));
    truncateSync(cut, length);
    await expect(checkArchive(cut)).rejects.toThrow(/is damaged|is not a backup/);
  });

  it('of which one bit was changed is refused, with both checksums', async () => {
    const bytes = readFileSync(file);
    const at = bytes.length - 50_000;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    const changed = join(folder, 'changed.tar');
    writeFileSync(changed, bytes);
    const refusal = checkArchive(changed);
    await expect(refusal).rejects.toThrow(manifest.rdb.sha256);
    await expect(refusal).rejects.toThrow('Nothing was touched');
  });

  it('of a newer version is refused by its version, whatever else it says', async () => {
    const newer = join(folder, 'newer.tar');
    await entry(newer, 'manifest.json', JSON.stringify({ formatVersion: FORMAT_VERSION + 1, rdb: 'elsewhere' }));
    await expect(checkArchive(newer)).rejects.toThrow(
      /newer version of this project \(got formatVersion 2\): allowed is up to 1/,
    );
  });

  it.each([
    ['no JSON', 'hello'],
    ['another object', '{"formatVersion": 1}'],
    ['a path for a checksum', JSON.stringify({ ...manifest, rdb: { bytes: 1, sha256: '../../x' } })],
  ])('whose manifest is %s is refused', async (_, text) => {
    const other = join(folder, 'other.tar');
    await entry(other, 'manifest.json', text);
    await expect(checkArchive(other)).rejects.toThrow(/the manifest of .* cannot be read/);
  });

  it('without a snapshot is damaged', async () => {
    const half = join(folder, 'half.tar');
    await entry(half, 'manifest.json', JSON.stringify(manifest));
    await expect(checkArchive(half)).rejects.toThrow('is damaged (got no snapshot)');
  });

  it.each(['another tar', 'no tar', 'nothing', 'no file', 'a folder'])('is not %s', async (kind) => {
    const other = kind === 'a folder' ? folder : join(folder, `${kind}.txt`);
    if (kind === 'another tar') await entry(other, 'holiday.jpg', 'x');
    if (kind === 'no tar') writeFileSync(other, 'x'.repeat(5000));
    if (kind === 'nothing') writeFileSync(other, '');
    await expect(checkArchive(other)).rejects.toThrow(/is not a backup|cannot be read/);
  });
});

async function entry(to: string, name: string, text: string): Promise<void> {
  const tar = pack();
  tar.entry({ name }, text);
  tar.finalize();
  await pipeline(tar, createWriteStream(to));
}
