import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { pack } from 'tar-stream';
import { checkArchive, writeArchive } from '../../../../cli/backup/archive.js';
import { fetchScheduled, listScheduled } from '../../../../cli/backup/scheduled.js';
import type { Topology } from '../../../../constructs/core/topology.js';
import { manifest, rdb } from './sample.js';
import { execution, framed, engineThat } from '../../../support/fake-engine.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const folder = temporaryFolder('scheduled');
const KEPT = ['2026-01-02T03-04-05Z.tar', '2026-01-02T04-04-05Z.tar'];
const source = join(folder, 'source');

/** As much of an engine as is needed: a container that keeps backups, each with this content. */
function engine(content: Buffer, printed = JSON.stringify(KEPT.map((name) => ({ name, manifest }))), exitCode = 0) {
  const asked: string[] = [];
  const container = {
    exec: () => Promise.resolve(execution(framed(printed, exitCode === 0 ? 'stdout' : 'stderr'), exitCode)),
    getArchive: ({ path }: { path: string }) => {
      asked.push(path);
      const tar = pack();
      tar.entry({ name: path.split('/').at(-1) ?? '' }, content);
      tar.finalize();
      return Promise.resolve(Readable.from(tar));
    },
  };
  return { ...engineThat({ getContainer: () => container }), asked };
}
const topology = {
  deployment: 'dev',
  models: [{ kind: 'backups', service: 'redis-backups' }],
  services: [{ name: 'redis-backups', instances: [{ container: 'rp-dev-redis-backups-0' }] }],
} as unknown as Topology;
const to =
  (file: string, force = false) =>
  () => ({ file, force });

beforeAll(async () => {
  const rdbFile = join(folder, 'dump');
  writeFileSync(rdbFile, rdb);
  await writeArchive(source, { manifest, topology: '{}\n', rdbFile });
});

describe('a backup that was taken on schedule', () => {
  it.each([
    ['latest', KEPT[1]],
    ['2026-01-02T03-04-05Z', KEPT[0]],
    ['2026-01-02T03-04-05Z.tar', KEPT[0]],
  ])('is fetched as %s and is a backup as any other', async (wanted, name) => {
    const file = join(folder, 'new folder', `${wanted}-fetched`);
    const { docker, asked } = engine(readFileSync(source));
    expect(await fetchScheduled(docker, topology, wanted, to(file))).toEqual({ file, manifest });
    expect(asked).toEqual([`/backups/${name ?? ''}`]);
    expect(readFileSync(file).equals(readFileSync(source))).toBe(true);
    expect(await checkArchive(file)).toEqual(manifest);
  });

  it('is refused if it is damaged, and nothing is left of it', async () => {
    const damaged = readFileSync(source);
    damaged.writeUInt8(damaged.readUInt8(100_000) ^ 1, 100_000);
    const place = temporaryFolder('damaged');
    await expect(fetchScheduled(engine(damaged).docker, topology, 'latest', to(join(place, 'x.tar')))).rejects.toThrow(
      'is damaged',
    );
    expect(readdirSync(place)).toEqual([]);
  });

  it('never replaces a file by itself', async () => {
    const file = join(folder, 'there already');
    writeFileSync(file, 'mine');
    const { docker } = engine(readFileSync(source));
    await expect(fetchScheduled(docker, topology, 'latest', to(file))).rejects.toThrow('--force');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await fetchScheduled(docker, topology, 'latest', to(file, true));
    expect(await checkArchive(file)).toEqual(manifest);
  });

  it('of an unknown name is refused, with the names that there are', async () => {
    const file = join(folder, 'none');
    const fetched = fetchScheduled(engine(Buffer.alloc(0)).docker, topology, '../x', to(file));
    await expect(fetched).rejects.toThrow(`(got ../x): allowed is latest, ${KEPT.join(', ')}`);
    await expect(fetchScheduled(engine(Buffer.alloc(0), '[]').docker, topology, 'latest', to(file))).rejects.toThrow(
      'it has taken no backup yet',
    );
    expect(existsSync(file)).toBe(false);
  });

  it('is listed as its keeper says, whose complaint is passed on', async () => {
    expect((await listScheduled(engine(Buffer.alloc(0)).docker, topology)).map(({ name }) => name)).toEqual(KEPT);
    await expect(listScheduled(engine(Buffer.alloc(0), 'no such folder', 1).docker, topology)).rejects.toThrow(
      'no such folder',
    );
  });

  it('is looked for only where backups are taken on schedule', async () => {
    const none = { deployment: 'dev', services: [], models: [] } as unknown as Topology;
    await expect(listScheduled(engine(Buffer.alloc(0)).docker, none)).rejects.toThrow(
      'dev takes no backups on schedule',
    );
  });
});
