import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { execa } from 'execa';
import { deploymentName } from '../../constructs/core/deployment.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { Clone } from '../support/clone.js';
import { itUnless, NO_MIRRORS, note, usePlatform } from '../support/live.js';

/** The supported lines of Node, as npm has them; the one that runs the tests stands for its own line. */
const NODES: Readonly<Record<string, string>> = { '20': '20.20.2', '22': '22.23.3', '24': '24.21.0' };
/** Node itself as an npm package. */
const NODE_PACKAGE = `node-linux-${process.arch}`;

const why = process.platform === 'linux' ? NO_MIRRORS : 'npm has Node as such a package for Linux only';
const platform = usePlatform();
/** An edit is part of it, so the sources are a copy. */
let clone: Clone;
/** Its Docker context leads to the engine by this way, which counts who takes it. */
let way: Way;
let dockerConfig: string;
/** Folder of each Node's program, by its line. */
const nodes = new Map<string, string>();
// Of `ci`, named after the shared platform's instance, so that two runs of the tests do not meet.
const instance = `cdktf${processEnv['PLATFORM_INSTANCE'] ?? ''}`.slice(0, 16);
const name = deploymentName('ci', instance);
const place = ['--env', 'ci', '--instance', instance];

beforeAll(async () => {
  if (why !== undefined) return;
  for (const [line, version] of Object.entries(NODES)) nodes.set(line, findNode(line, version));
  clone = new Clone();
  way = await openWay(platform().engine.host);
  dockerConfig = mkdtempSync(join(tmpdir(), 'redis-platform-docker-'));
  await useContext();
}, 300_000);

afterAll(async () => {
  if (why !== undefined) return;
  const ended = await clone.run('destroy', ...place, '--delete-data', '--yes');
  await way.close();
  clone.remove();
  rmSync(dockerConfig, { recursive: true, force: true });
  expect([ended.code, ended.stdout + ended.stderr]).toEqual([0, expect.anything()]);
}, 240_000);

function findNode(line: string, version: string): string {
  if (process.versions.node.startsWith(`${line}.`)) return dirname(process.execPath);
  const folder = resolve('.platform', 'test-nodes', line);
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${NODE_PACKAGE}@${version}`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`npm install ${NODE_PACKAGE}@${version}: ${stderr}`);
  return join(folder, 'node_modules', NODE_PACKAGE, 'bin');
}

/** Of two Redis nodes and three Sentinels. */
const VOLUMES = 5;

/** A TCP port that leads to a Unix socket. */
interface Way {
  readonly host: string;
  connections: number;
  close(): Promise<void>;
}

async function openWay(to: string): Promise<Way> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    opened.connections++;
    const engine = connect(to.replace('unix://', ''));
    for (const [from, into] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from);
      from.pipe(into);
      from.on('error', () => into.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const opened: Way = {
    host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) =>
        server.close(() => {
          done();
        }),
      );
    },
  };
  return opened;
}

/** Makes the context `roundabout` the current one in a Docker configuration of the test's own. */
async function useContext(): Promise<void> {
  for (const args of [
    ['create', 'roundabout', '--docker', `host=${way.host}`],
    ['use', 'roundabout'],
  ]) {
    await execa('docker', ['context', ...args], { env: { DOCKER_CONFIG: dockerConfig, DOCKER_HOST: '' } });
  }
}

interface Ended {
  readonly exitCode: number | undefined;
  readonly all: string;
}

/** `npx cdktf ...` as people type it. */
async function tryCdktf(node: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const started = Date.now();
  const { exitCode, all } = await execa(
    join(nodes.get(node) ?? '', 'node'),
    [join('node_modules', 'cdktf-cli', 'bundle', 'bin', 'cdktf'), ...args],
    {
      cwd: clone.folder,
      env: {
        PATH: [nodes.get(node), processEnv['PATH']].join(delimiter),
        PLATFORM_ENV: 'ci',
        PLATFORM_INSTANCE: instance,
        DOCKER_HOST: '',
        DOCKER_CONTEXT: '',
        DOCKER_CONFIG: dockerConfig,
        // Its telemetry would go out to the internet.
        CHECKPOINT_DISABLE: '1',
        CI: '1',
        ...env,
      },
      reject: false,
      all: true,
      stdin: 'ignore',
    },
  );
  note(
    `Node ${node}: cdktf ${args.join(' ')} ${JSON.stringify(env)} [${((Date.now() - started) / 1000).toFixed(0)} s]`,
  );
  return { exitCode, all: stripVTControlCharacters(all) };
}

async function cdktf(node: string, ...args: string[]): Promise<string> {
  const { exitCode, all } = await tryCdktf(node, args);
  expect([exitCode, all]).toEqual([0, all]);
  return all;
}

/** Ids of its containers, by name. */
async function containers(): Promise<Map<string, string>> {
  const filters = { label: [`redis-platform.deployment=${name}`] };
  const found = await platform().docker.listContainers({ all: true, filters });
  return new Map(found.map(({ Names, Id }) => [Names[0] ?? '', Id]));
}

async function dataVolumes(): Promise<string[]> {
  const { Volumes } = await platform().docker.listVolumes({ filters: JSON.stringify({ name: [`rp-${name}-`] }) });
  return Volumes.map(({ Name }) => Name);
}

itUnless(why)(
  'plain cdktf, on each supported line of Node: prepare-machine, diff, deploy, an edit, destroy, on the engine of the current Docker context',
  async () => {
    const prepared = await clone.run('prepare-machine', ...place);
    expect([prepared.code, prepared.stderr]).toEqual([0, prepared.stderr]);

    expect(await cdktf('20', 'diff', name)).toMatch(/Plan: [1-9]\d* to add, 0 to change, 0 to destroy/);
    way.connections = 0;
    await cdktf('22', 'deploy', name, '--auto-approve');
    expect(way.connections).toBeGreaterThan(0);
    const before = await containers();
    expect([...before.keys()]).toEqual(expect.arrayContaining([`/rp-${name}-redis-0`, `/rp-${name}-proxy-0`]));
    expect(await dataVolumes()).toHaveLength(VOLUMES);

    // Nothing is planned that would fail half-way.
    const image = join(clone.folder, 'images', 'haproxy', 'edited');
    writeFileSync(image, 'not built\n');
    const lacking = await tryCdktf('24', ['deploy', name, '--auto-approve']);
    expect(lacking).toEqual({ exitCode: 1, all: expect.stringContaining('the engine lacks 1 of the images') });
    rmSync(image);
    const torn = await tryCdktf('24', ['deploy', name, '--auto-approve'], {
      DOCKER_CONTEXT: 'roundabout',
      DOCKER_HOST: platform().engine.host,
    });
    expect(torn).toEqual({ exitCode: 1, all: expect.stringContaining('Remove DOCKER_CONTEXT') });
    expect(await containers()).toEqual(before);

    // Another limit, another password, and no file of the last deployment.
    clone.edit('environments/ci.ts', "'16MiB'", "'24MiB'");
    const files = join(clone.folder, '.platform', name);
    rmSync(join(files, 'secrets', 'redis-api'));
    rmSync(join(files, 'files'), { recursive: true });
    expect(await cdktf('20', 'deploy', name, '--auto-approve')).toMatch(/Apply complete! Resources: [1-9]\d* added/);
    const after = await containers();
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const service of ['redis-0', 'redis-1', 'api-0'])
      expect(after.get(`/rp-${name}-${service}`)).not.toBe(before.get(`/rp-${name}-${service}`));
    const ready = await clone.run('wait', ...place, '--for', 'all', '--timeout', '120s');
    expect([ready.code, ready.stdout + ready.stderr]).toEqual([0, ready.stdout + ready.stderr]);
    expect(await cdktf('22', 'diff', name)).toContain('No changes');

    await cdktf('24', 'destroy', name, '--auto-approve');
    expect(await containers()).toEqual(new Map());
    expect(await dataVolumes()).toHaveLength(VOLUMES);
    const gone = await clone.run('destroy', ...place, '--delete-data', '--yes');
    expect([gone.code, gone.stdout]).toEqual([0, expect.stringContaining(`its data (${VOLUMES} volumes)`)]);
    expect(await dataVolumes()).toEqual([]);
  },
  // 2 to 3 minutes where nothing else runs.
  Duration.seconds(900),
);
