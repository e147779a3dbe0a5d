import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { declaredFacts, engineFacts } from '../../../../cli/doctor/gather-start.js';
import { lookInside } from '../../../../cli/doctor/inside.js';
import { lookAtLineEnds } from '../../../../cli/doctor/line-ends.js';
import { carryOut } from '../../../../cli/doctor/repair.js';
import { tryFileChanges } from '../../../../cli/doctor/file-changes.js';
import { findStrays } from '../../../../cli/doctor/strays.js';
import { findTraces } from '../../../../cli/doctor/traces.js';
import { withOpenFiles } from '../../../../cli/engine/install.js';
import { HERE, withLock } from '../../../../cli/bootstrap/lock.mjs';
import { OPEN_FILES } from '../../../../cli/engine/open-files.js';
import { engineThat, engineWith, execution, framed } from '../../../support/fake-engine.js';
import { contextIn, stateWith, topologyOf, write, writeSite } from '../../../support/offline-deployment.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe('files that are written, renamed and removed', () => {
  test('leave nothing', () => {
    const folder = temporaryFolder();
    expect(tryFileChanges(join(folder, 'new'))).toMatchObject({ changes: 20, refused: [] });
    expect(readdirSync(join(folder, 'new'))).toEqual([]);
  });

  test('are tried where the commands write: what refuses is an error', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(() => tryFileChanges(join(folder, 'file'))).toThrow(/EEXIST|ENOTDIR/);
  });
});

describe('files of commands that were ended half-way', () => {
  const ended = { pid: 999_999_999, started: 'x', host: HERE, command: 'npm start', since: '' };
  const anHourAgo = new Date(Date.now() - 2 * 3_600_000);

  test('are found, unless their command may still run', async () => {
    const folder = temporaryFolder();
    write(join(folder, 'dev.lock.999999999-abcdef012345'), ended);
    write(join(folder, 'dev.lock.999999999-abcdef012346'), { ...ended, host: 'another (linux)' });
    write(join(folder, 'dev.lock.1-abcdef012347'), 'no JSON');
    write(join(folder, 'dev', 'terraform.tfstate'), '{}');
    for (const name of ['site.json.999999999.new', `volumes.json.${process.pid}.new`, 'young.999999999.new']) {
      write(join(folder, 'dev', name), '[]');
      if (!name.startsWith('young')) utimesSync(join(folder, 'dev', name), anHourAgo, anHourAgo);
    }
    await withLock(join(folder, 'test.lock'), async () => {
      expect(findStrays(folder)).toEqual([
        { path: join(folder, 'dev', 'site.json.999999999.new'), kind: 'draft' },
        { path: join(folder, 'dev.lock.999999999-abcdef012345'), kind: 'lock' },
      ]);
      return Promise.resolve();
    });
    expect(findStrays(join(folder, 'not there'))).toEqual([]);
  });

  test('are removed, and nothing else', () => {
    const folder = temporaryFolder();
    const stray = join(folder, 'x.1.new');
    write(stray, 'x');
    write(join(folder, 'kept', 'data'), 'x');
    mkdirSync(join(folder, 'empty'));
    const deeds = carryOut(folder, [
      { kind: 'remove files', files: [stray] },
      { kind: 'remove empty folder', folder: join(folder, 'empty') },
      { kind: 'remove empty folder', folder: join(folder, 'kept') },
      { kind: 'remove empty folder', folder: join(folder, 'gone') },
    ]);
    expect(deeds).toEqual([`removed the file ${stray}`, `removed the empty folder ${join(folder, 'empty')}`]);
    expect([existsSync(stray), existsSync(join(folder, 'empty')), existsSync(join(folder, 'kept', 'data'))]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('line ends', () => {
  test('of text below images are looked at, and put right without touching anything else of a file', async () => {
    const project = temporaryFolder();
    const script = join(project, 'images', 'redis', 'run');
    const latin = Buffer.concat([Buffer.from('#!/bin/sh\r\n# '), Buffer.from([0xe9]), Buffer.from('\r\n\r')]);
    mkdirSync(join(project, 'images', 'redis', 'node_modules'), { recursive: true });
    writeFileSync(script, latin);
    chmodSync(script, 0o755);
    const mode = statSync(script).mode;
    write(join(project, 'images', 'good'), 'a\nb\n');
    writeFileSync(join(project, 'images', 'binary'), Buffer.from('a\r\n\0'));
    write(join(project, 'images', 'redis', 'node_modules', 'x'), 'a\r\n');
    const found = await lookAtLineEnds(project);
    expect(found.files).toEqual(['images/redis/run']);
    expect(carryOut(project, [{ kind: 'line ends', files: found.files }])).toEqual([
      'images/redis/run: CRLF replaced by LF',
    ]);
    expect(readFileSync(script)).toEqual(
      Buffer.concat([Buffer.from('#!/bin/sh\n# '), Buffer.from([0xe9]), Buffer.from('\n\r')]),
    );
    expect(statSync(script).mode).toBe(mode);
    expect((await lookAtLineEnds(project)).files).toEqual([]);
  });

  test('of this checkout are right', async () => {
    expect((await lookAtLineEnds(process.cwd())).files).toEqual([]);
  });
});

const LABEL = 'redis-platform.deployment';
const OWNER = 'redis-platform.owner';

describe('deployments of this checkout', () => {
  const here = async (answers: Parameters<typeof engineWith>[0]) => ({
    ...(await engineWith(answers)),
    id: 'this-engine',
    host: 'unix:///a',
  });
  const container = (id: string, deployment: string, owner = 'aaaaaaaa') => ({
    id,
    name: `rp-${deployment}-${id}`,
    labels: { [LABEL]: deployment, [OWNER]: owner },
  });

  test('what their folders, their states and the engine say is held together', async () => {
    const context = contextIn();
    writeSite(context, 'aaaaaaaa');
    const state = (name: string, ids: string[]) => {
      write(
        join(context.project.folder, '.platform', name, 'terraform.tfstate'),
        stateWith(ids.map((id) => ({ id, deployment: name }))),
      );
    };
    state('dev', ['1']);
    state('dev_half', ['2', '3']);
    state('dev_more', ['4']);
    write(join(context.project.folder, '.platform', 'dev_torn', 'terraform.tfstate'), '{');
    mkdirSync(join(context.project.folder, '.platform', 'dev_empty'));
    mkdirSync(join(context.project.folder, '.platform', 'backups'));
    const engine = await here({
      containers: [
        container('1', 'dev'),
        container('2', 'dev_half'),
        container('4', 'dev_more'),
        container('5', 'dev_more'),
        container('6', 'dev_lost'),
        container('7', 'dev_foreign', 'bbbbbbbb'),
      ],
    });
    const well = { folder: 'there', missing: [], unrecorded: [], busy: false, damage: undefined };
    const damage: unknown = expect.stringContaining('is damaged');
    expect(await findTraces(context, engine)).toEqual([
      { ...well, name: 'dev' },
      { ...well, name: 'dev_empty', folder: 'empty' },
      { ...well, name: 'dev_half', missing: ['rp-dev_half-x'] },
      { ...well, name: 'dev_lost', folder: 'none', unrecorded: ['rp-dev_lost-6'] },
      { ...well, name: 'dev_more', unrecorded: ['rp-dev_more-5'] },
      { ...well, name: 'dev_torn', damage },
    ]);
  });

  test('those of another engine are left out, and one that a command works on is said to be', async () => {
    const context = contextIn();
    writeSite(context, 'aaaaaaaa');
    for (const name of ['dev', 'dev_away']) {
      write(
        join(context.project.folder, '.platform', name, 'terraform.tfstate'),
        stateWith([{ id: '1', deployment: name }]),
      );
    }
    write(join(context.project.folder, '.platform', 'dev_away', 'engine.json'), { id: 'another', host: 'unix:///b' });
    const engine = await here({});
    await withLock(join(context.project.folder, '.platform', 'dev.lock'), async () => {
      expect(await findTraces(context, engine)).toEqual([expect.objectContaining({ name: 'dev', busy: true })]);
    });
    expect(await findTraces(context, engine)).toEqual([expect.objectContaining({ name: 'dev', busy: false })]);
  });

  test('a checkout without any has none', async () => {
    expect(await findTraces(contextIn(), await here({ containers: [container('1', 'dev')] }))).toEqual([]);
  });
});

describe('what the engine says of itself', () => {
  const info = {
    SystemTime: new Date(Date.now() + 60_000).toISOString(),
    OperatingSystem: 'Docker Desktop',
    KernelVersion: '6.10.14-linuxkit',
    Driver: 'overlayfs',
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    CgroupVersion: '2',
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsQuota: true,
    DockerRootDir: '/nowhere',
  };
  const asked = (answer: object) =>
    engineFacts(engineThat({ info: () => Promise.resolve(answer) }, { host: 'unix:///a' }));

  test('is read: store of images, mode, limits, clock', async () => {
    const facts = await asked(info);
    expect(facts).toMatchObject({
      storage: 'containerd image store (overlayfs)',
      cgroupVersion: '2',
      rootless: true,
      missingLimits: ['swap'],
    });
    expect(Math.abs(facts.clockAheadMs - 60_000)).toBeLessThan(30_000);
  });

  test('may be less, as of older ones', async () => {
    const { SystemTime, OperatingSystem, KernelVersion, DockerRootDir } = info;
    const old = {
      SystemTime,
      OperatingSystem,
      KernelVersion,
      DockerRootDir,
      Driver: 'overlay2',
      SecurityOptions: null,
    };
    expect(await asked(old)).toMatchObject({
      storage: 'overlay2',
      cgroupVersion: '1',
      rootless: false,
      missingLimits: [],
    });
  });

  test('no container runs, so nobody looks inside', async () => {
    const { environment } = contextIn();
    expect(await lookInside(await engineWith(), topologyOf(environment))).toBeUndefined();
  });

  test('is seen in a container that runs, and nothing where it hangs or ends just now', async () => {
    const topology = topologyOf(contextIn().environment);
    const container = topology.services[0]?.instances[0]?.container ?? '';
    const text = readFileSync('test/fixtures/commands/linux/heads.txt');
    const asked: unknown[] = [];
    const engineOf = (start: () => Promise<Readable>) =>
      engineThat({
        listContainers: () => Promise.resolve([{ Names: [`/${container}`] }]),
        getContainer: (name: string) => ({
          exec: ({ Cmd }: { Cmd: string[] }) => {
            asked.push([name, Cmd[0]]);
            return Promise.resolve({ ...execution(), start });
          },
        }),
      });
    expect(await lookInside(engineOf(execution(framed(text)).start), topology)).toEqual({
      kernel: { 'vm.overcommit_memory': 0, 'vm.max_map_count': 65_530 },
      openFiles: 524_288,
    });
    expect(asked).toEqual([[container, 'head']]);
    expect(
      await lookInside(
        engineOf(() => new Promise(() => undefined)),
        topology,
        50,
      ),
    ).toBeUndefined();
    expect(
      await lookInside(
        engineOf(() => Promise.reject(new Error('is not running'))),
        topology,
      ),
    ).toBeUndefined();
  });
});

test('what the deployment asks for counts each instance', () => {
  const { environment } = contextIn();
  const topology = topologyOf(environment);
  const { cpus, diskBytes, largest, logs } = declaredFacts(topology);
  const instances = topology.services.flatMap((service) => service.instances.map(() => service.limits.cpus));
  expect(cpus).toBe(instances.reduce((sum, count) => sum + count, 0));
  expect(largest.cpus).toBe(Math.max(...instances));
  expect(logs).toBe('elastic');
  // Three nodes with 128 MiB, each in four files at worst, and the logs.
  expect(diskBytes).toBe(3 * 4 * 128 * 1024 ** 2 + 2 * 1024 ** 3);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('an engine that we start may have as many open files as wanted, or as are allowed', () => {
  const shell = (script: string, ...args: string[]) =>
    execFileSync('/bin/sh', ['-c', script, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const folder = temporaryFolder();
  const daemon = join(folder, 'dockerd');
  writeFileSync(daemon, '#!/bin/sh\nulimit -n\n');
  chmodSync(folder, 0o755);
  chmodSync(daemon, 0o755);
  const { program, args } = withOpenFiles(daemon);
  expect([String(OPEN_FILES), shell('ulimit -H -n')]).toContain(shell('exec "$0" "$@"', program, ...args));
  // Whoever may not have more gets all that he may. Root may, unless he has given that up.
  const weak =
    process.getuid?.() === 0 ? 'setpriv --bounding-set=-all --inh-caps=-all --reuid=65534 --clear-groups' : '';
  expect(shell(`ulimit -S -n 64; ulimit -H -n 512; exec ${weak} "$0" "$@"`, program, ...args)).toBe('512');
});
