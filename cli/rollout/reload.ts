import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Change } from './changes.js';
import { runInContainer } from './run-in-container.js';

/** Where seeders and containers have the files. */
const FOLDER = '/config';

/** Short names of the containers that stay, and read changed files again. */
export function rereading(changes: readonly Change[], topology: Topology): string[] {
  const of = (wanted: Change['kind']) => changes.filter(({ kind, action }) => kind === wanted && action !== 'update');
  const stays = (instance: string) => !of('container').some((change) => change.instance === instance);
  return topology.services
    .filter(({ name, reload }) => reload !== null && of('seeder').some(({ service }) => service === name))
    .flatMap(({ instances }) => instances.map(({ name }) => name).filter(stays));
}

/**
 * Gives containers that can reload the files of their seeder, and makes them read them. Where they have them already, nothing happens, so it
 * also ends what an interrupted run began.
 * @throws PlatformError if one does not take them: it goes on with what it had
 */
export async function reloadFiles(docker: Docker, topology: Topology): Promise<void> {
  for (const { reload, seeder, instances } of topology.services) {
    if (reload === null || seeder === null) continue;
    for (const { name, container } of instances) {
      const { State, Mounts } = await docker.getContainer(container).inspect();
      const volume = Mounts.find(({ Destination }) => Destination === FOLDER)?.Name;
      // What does not run reads them when it starts, so they have to be there, too.
      if (volume !== undefined) await bringUpToDate(docker, seeder, container, volume);
      if (!State.Running) continue;
      const { exitCode, output } = await runInContainer(docker, container, reload);
      if (exitCode === 0) continue;
      throw new PlatformError({
        what: `${name} does not take its changed files`,
        got: output.trim(),
        allowed: `files with which \`${reload.join(' ')}\` succeeds`,
        fix: 'It goes on with what it had. Correct what it complains about and run `npm start` again.',
      });
    }
  }
}

/** The container itself may only read the volume, so another one that never runs takes the files in. */
async function bringUpToDate(docker: Docker, seeder: string, container: string, volume: string): Promise<void> {
  const source = docker.getContainer(seeder);
  const wanted = await archiveOf(source);
  const present = await contentsOf(await archiveOf(docker.getContainer(container)));
  const same = [...(await contentsOf(wanted))].every(([path, content]) => present.get(path) === content);
  if (same) return;
  const { Config } = await source.inspect();
  const helper = await docker.createContainer({
    Image: Config.Image,
    Cmd: ['never-started'],
    // As those of the deployment: what an interrupted run leaves behind is found by them.
    Labels: Config.Labels,
    HostConfig: { Binds: [`${volume}:${FOLDER}`], NetworkMode: 'none' },
  });
  try {
    await helper.putArchive(wanted, { path: '/' });
  } finally {
    await helper.remove({ force: true });
  }
}

async function archiveOf(container: Docker.Container): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await container.getArchive({ path: FOLDER })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Files with all that matters about them, by path. */
async function contentsOf(archive: Buffer): Promise<Map<string, string>> {
  const unpacked = extract();
  unpacked.end(archive);
  const files = new Map<string, string>();
  for await (const entry of unpacked) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, type, mode, uid, gid } = entry.header;
    if (type === 'file') files.set(name, [mode, uid, gid, Buffer.concat(chunks).toString('base64')].join(' '));
  }
  return files;
}
