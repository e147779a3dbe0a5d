import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { findProgram } from '../../cli/bootstrap/programs.mjs';
import { findBuiltProvider } from '../../cli/bootstrap/provider.mjs';
import { findTerraform } from '../../cli/bootstrap/terraform.mjs';
import { prepareSecrets, readSecret } from '../../cli/deployment/secrets.js';
import { providerVersion } from '../../constructs/core/provider-version.mjs';
import { processEnv } from '../../environments/process-env.js';
import { deploymentPaths } from '../../cli/context.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { judge } from '../../policies/judge/judge.js';
import { subjectFromPlan, subjectFromProgram } from '../../policies/judge/resources.js';
import type { Subject } from '../../policies/judge/subject.js';
import { DAY, synth, type Synthesized } from '../support/synth.js';
import { engineWith } from '../support/fake-engine.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/*
 * What is rendered, read by the programs that it is for. Where one is missing (most machines have no redis-server or
 * haproxy of their own) its test is reported as skipped; the deployed tests then are the first to see its opinion.
 */
const run = promisify(execFile);
const redisServer = findProgram('redis-server');
const haproxy = findProgram('haproxy');
const terraform = await findTerraform().catch(() => undefined);
const provider = terraform && (findBuiltProvider(terraform.platform) ?? findDownloadedProvider());

let project: string;
let platform: Synthesized;
beforeAll(() => {
  project = temporaryFolder('real');
  platform = synth({}, { project });
  prepareSecrets(platform.topology, deploymentPaths(project, 'dev'));
});

/** A skipped test's name says why. */
const unless = (missing: boolean, why: string) =>
  missing
    ? (name: string, check: () => Promise<void>, within?: number) => {
        test.skip(`${name} (${why})`, check, within);
      }
    : test;
const testTerraform = unless(provider === undefined, 'no Terraform provider is prepared');
const testRedis = unless(redisServer === undefined, 'this host has no redis-server');
const testSentinel = unless((await redisVersion()) < 7.2, 'this host has no redis-server from 7.2 on');
const testProxy = unless(haproxy === undefined, 'this host has no haproxy');

testTerraform(
  `Terraform and the provider, ${providerVersion}, find nothing wrong in cdk.tf.json`,
  async () => {
    const cwd = deploymentPaths(project, 'dev').stack;
    const found = provider ?? { initOptions: [] };
    const env = {
      ...processEnv,
      CHECKPOINT_DISABLE: '1',
      ...('cliConfig' in found && { TF_CLI_CONFIG_FILE: found.cliConfig }),
    };
    const options = 'initOptions' in found ? found.initOptions : [];
    const binary = terraform?.binary ?? 'terraform';
    await run(binary, ['init', '-backend=false', '-input=false', '-no-color', ...options], { cwd, env });
    const { stdout } = await run(binary, ['validate', '-json'], { cwd, env }).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, diagnostics: [] });
  },
  60_000,
);

testTerraform(
  'policies see in a real plan what they see in the program, and what else lies in its folder',
  async () => {
    const planned = await planJson();
    const fromPlan = subjectFromPlan(platform.topology, planned);
    const fromProgram = subjectFromProgram(platform.topology, platform.terraform);
    const comparable = ({ containers, networks, volumes, unreadable }: Subject) => ({
      // Left out of the program, and filled in by the provider.
      containers: containers.map((one) => ({ ...one, namespaces: { ...one.namespaces, network: '' } })),
      networks,
      volumes,
      unreadable,
    });
    expect(comparable(fromPlan)).toEqual(comparable(fromProgram));
    const policies = discoverPolicies();
    expect(judge(fromPlan, policies, DAY).violations).toEqual([]);

    const stranger = { resource: { docker_container: { stranger: { name: 'stranger', image: 'alpine' } } } };
    const file = join(deploymentPaths(project, 'dev').stack, 'stranger.tf.json');
    writeFileSync(file, JSON.stringify(stranger));
    const found = judge(subjectFromPlan(platform.topology, await planJson()), policies, DAY).violations;
    rmSync(file);
    expect(found.filter(({ subject }) => subject !== 'stranger')).toEqual([]);
    expect(found.map(({ policy }) => policy)).toEqual(
      expect.arrayContaining(['limits', 'no-way-out', 'non-root', 'pinned-images', 'read-only-root']),
    );
  },
  60_000,
);

/** Of a plan against an engine that has nothing. */
async function planJson(): Promise<unknown> {
  const { docker } = await engineWith();
  const { host, port } = docker.modem as unknown as { host: string; port: number };
  const cwd = deploymentPaths(project, 'dev').stack;
  const found = provider ?? { initOptions: [] };
  const env = {
    ...processEnv,
    DOCKER_HOST: `tcp://${host}:${port}`,
    CHECKPOINT_DISABLE: '1',
    ...('cliConfig' in found && { TF_CLI_CONFIG_FILE: found.cliConfig }),
  };
  const options = 'initOptions' in found ? found.initOptions : [];
  const binary = terraform?.binary ?? 'terraform';
  await run(binary, ['init', '-reconfigure', '-input=false', '-no-color', ...options], { cwd, env });
  await run(binary, ['plan', '-input=false', '-no-color', '-out=plan.tfplan'], { cwd, env });
  const { stdout } = await run(binary, ['show', '-json', 'plan.tfplan'], { cwd, env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

testRedis('Redis takes its configuration, users and limits as declared', async () => {
  const folder = configOf('redis');
  const path = join(folder, 'redis.sock');
  const args = [join(folder, 'config', 'redis.conf'), '--port', '0', '--unixsocket', path, '--bind', '127.0.0.1'];
  await withServer(args, { path }, async (connectAs) => {
    const admin = connectAs('admin', 'redis-admin');
    expect(await admin.config('GET', 'save')).toEqual(['save', '900 1 300 10 60 10000']);
    expect(await admin.config('GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
    expect(await admin.config('GET', 'maxmemory')).toEqual(['maxmemory', '134217728']);
    expect(await admin.config('GET', 'min-replicas-to-write')).toEqual(['min-replicas-to-write', '1']);
    expect(await admin.config('GET', 'masteruser')).toEqual(['masteruser', 'replication']);
    const app = connectAs('app', 'redis-app');
    expect(await app.get('k')).toBeNull();
    await expect(app.config('GET', 'save')).rejects.toThrow('NOPERM');
    expect(await connectAs('api', 'redis-api').get('k')).toBeNull();
    await expect(app.flushall()).rejects.toThrow('NOPERM');
    await expect(connectAs().ping()).rejects.toThrow('NOAUTH');
  });
});

testSentinel('Sentinel, 7.2 or newer, takes its configuration and users as declared', async () => {
  const folder = configOf('redis-sentinel');
  const port = await freePort();
  const file = join(folder, 'config', 'sentinel.conf');
  // The supervisor joins both at run time.
  writeFileSync(
    file,
    readFileSync(file, 'utf8') + readFileSync(join(folder, 'config', 'sentinel-secrets.conf'), 'utf8'),
  );
  await withServer([file, '--sentinel', '--port', String(port), '--bind', '127.0.0.1'], { port }, async (connectAs) => {
    const node = connectAs('node', 'redis-sentinel-node');
    const master = (await node.call('SENTINEL', 'MASTER', 'platform')) as string[];
    const value = (name: string) => master[master.indexOf(name) + 1];
    expect([value('ip'), value('port'), value('quorum')]).toEqual(['10.213.0.130', '6379', '2']);
    expect([value('down-after-milliseconds'), value('failover-timeout'), value('parallel-syncs')]).toEqual([
      '1500',
      '10000',
      '2',
    ]);
    const app = connectAs('app', 'redis-sentinel-app');
    expect(await app.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'platform')).toEqual(['10.213.0.130', '6379']);
    for (const forbidden of [
      ['FAILOVER', 'platform'],
      ['REMOVE', 'platform'],
      ['SET', 'platform', 'quorum', '1'],
    ]) {
      await expect(app.call('SENTINEL', ...forbidden)).rejects.toThrow('NOPERM');
    }
    await expect(connectAs().call('SENTINEL', 'MASTERS')).rejects.toThrow('NOAUTH');
  });
});

testProxy('HAProxy finds nothing wrong in its configuration', async () => {
  const folder = join(configOf('proxy'), 'config');
  const files = ['-f', join(folder, 'secrets.cfg'), '-f', join(folder, 'haproxy.cfg')];
  // It binds nothing while checking, so addresses that this machine does not have are no matter.
  const { stdout, stderr } = await run(haproxy ?? 'haproxy', ['-c', '-V', ...files]);
  expect(`${stdout}${stderr}`).toMatch(/Configuration file is valid/);
  expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ALERT/);
});

/** A service's files as its containers see them, with `config` and `data` below a folder of its own. */
function configOf(service: string): string {
  const folder = join(project, service);
  const filled = join(deploymentPaths(project, 'dev').files, service);
  for (const { path, secret: isSecret, text } of platform.topology.services.find(({ name }) => name === service)
    ?.files ?? []) {
    const content = isSecret ? readFileSync(join(filled, path), 'utf8') : text;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content.replaceAll(/(?<= )\/(config|data)\b/g, `${folder}/$1`));
  }
  mkdirSync(join(folder, 'data'));
  return folder;
}

/** Runs a server for as long as `use` takes; its end before that is a failure that shows its log. */
async function withServer(
  args: string[],
  where: { path: string } | { port: number },
  use: (connectAs: (user?: string, secret?: string) => Redis) => Promise<void>,
): Promise<void> {
  const server = spawn(redisServer ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise<never>((_, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => {
      reject(new Error(`redis-server ended with ${String(code)}:\n${log}`));
    });
  });
  const clients: Redis[] = [];
  const connectAs = (username?: string, secret?: string): Redis => {
    const password = secret === undefined ? undefined : readSecret(deploymentPaths(project, 'dev'), secret);
    const user = username === undefined || password === undefined ? {} : { username, password };
    // Refused connections while the server starts are tried again; what counts are the commands' own errors.
    const client = new Redis({
      ...where,
      ...user,
      retryStrategy: () => 20,
      maxRetriesPerRequest: 200,
      enableReadyCheck: false,
    });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  try {
    await Promise.race([use(connectAs), ended]);
  } finally {
    for (const client of clients) client.disconnect();
    server.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}

/** Of the machine's own Redis, e.g. 7.2; 0 without one. */
async function redisVersion(): Promise<number> {
  if (redisServer === undefined) return 0;
  const { stdout } = await run(redisServer, ['--version']);
  return Number(/v=(\d+\.\d+)/.exec(stdout)?.[1] ?? 0);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What an earlier `terraform init` of this checkout downloaded, where a registry answers. */
function findDownloadedProvider(): { initOptions: string[] } | undefined {
  const stacks = join('cdktf.out', 'stacks');
  const folders = existsSync(stacks)
    ? readdirSync(stacks).map((name) => join(process.cwd(), stacks, name, '.terraform', 'providers'))
    : [];
  const wanted = join('registry.terraform.io', 'kreuzwerker', 'docker', providerVersion);
  const found = folders.find((folder) => existsSync(join(folder, wanted)));
  return found === undefined ? undefined : { initOptions: [`-plugin-dir=${found}`] };
}
