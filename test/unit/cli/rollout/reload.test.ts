import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { archive } from '../../../../cli/images/build-context.js';
import type { Change } from '../../../../cli/rollout/changes.js';
import { reloadFiles, rereading } from '../../../../cli/rollout/reload.js';
import { engineThat, execution, framed } from '../../../support/fake-engine.js';
import { synth } from '../../../support/synth.js';

const { topology } = synth();
const proxy = topology.services.find(({ name }) => name === 'proxy');
const CONTAINER = proxy?.instances[0]?.container ?? '';
const SEEDER = proxy?.seeder ?? '';

function change(kind: Change['kind'], service: string, action: Change['action'], instance = ''): Change {
  return { address: `${kind}.${service}`, action, kind, name: '', service, instance, secretsDiffer: false };
}
const files = (text: string) =>
  archive([
    { header: { name: 'config', type: 'directory' } },
    { header: { name: 'config/haproxy.cfg', uid: 10001, gid: 10001, mode: 0o444 }, content: Buffer.from(text) },
  ]);

/** An engine with the proxy, its files and its seeder's; notes what is done to them. */
function engine(present: string, wanted: string, { running = true, exitCode = 0 } = {}) {
  const done: string[] = [];
  const files_ = { [CONTAINER]: present, [SEEDER]: wanted };
  const getContainer = (name: string) => ({
    inspect: () =>
      Promise.resolve({
        State: { Running: running },
        Mounts: [{ Destination: '/config', Name: 'anonymous' }],
        Config: { Image: 'base', Labels: { 'redis-platform.deployment': 'dev' } },
      }),
    getArchive: async () => PassThrough.from([await files(files_[name] ?? '')]),
    exec: ({ Cmd }: { Cmd: string[] }) => {
      done.push(`${name}: ${Cmd.join(' ')}`);
      return Promise.resolve(execution(exitCode === 0 ? undefined : framed('oops', 'stderr'), exitCode));
    },
  });
  const createContainer = ({ HostConfig, Labels }: Docker.ContainerCreateOptions) => {
    done.push(`helper with ${HostConfig?.Binds?.join(' ') ?? ''} of ${Labels?.['redis-platform.deployment'] ?? ''}`);
    return Promise.resolve({
      putArchive: (_: Buffer, { path }: { path: string }) => Promise.resolve(done.push(`files into ${path}`)),
      remove: () => Promise.resolve(done.push('helper gone')),
    });
  };
  return { ...engineThat({ getContainer, createContainer }), done };
}
const RELOAD = `${CONTAINER}: haproxy-reload --if-changed`;

describe('a container that can read its files again', () => {
  it('gets changed ones from the seeder, and reads them', async () => {
    const { docker, done } = engine('old', 'new');
    await reloadFiles(docker, topology);
    expect(done).toEqual(['helper with anonymous:/config of dev', 'files into /', 'helper gone', RELOAD]);
  });

  it('is left alone where it has them, but told, as an interrupted run may have ended before that', async () => {
    const { docker, done } = engine('same', 'same');
    await reloadFiles(docker, topology);
    expect(done).toEqual([RELOAD]);
  });

  it('has them for its next start where it does not run', async () => {
    const { docker, done } = engine('old', 'new', { running: false });
    await reloadFiles(docker, topology);
    expect(done).not.toContain(RELOAD);
    expect(done).toContain('files into /');
  });

  it('that refuses them is an error that says what it complains about', async () => {
    const { docker } = engine('old', 'new', { exitCode: 1 });
    await expect(reloadFiles(docker, topology)).rejects.toThrow(/proxy-0 does not take its changed files.*oops/s);
  });
});

describe('who reads again', () => {
  it('is the proxy whose files change, unless it is replaced anyway; nobody else can', () => {
    expect(rereading([change('seeder', 'proxy', 'replace')], topology)).toEqual(['proxy-0']);
    expect(rereading([change('seeder', 'proxy', 'create')], topology)).toEqual(['proxy-0']);
    expect(rereading([change('seeder', 'redis', 'replace')], topology)).toEqual([]);
    const replaced = [change('seeder', 'proxy', 'replace'), change('container', 'proxy', 'replace', 'proxy-0')];
    expect(rereading(replaced, topology)).toEqual([]);
  });
});
