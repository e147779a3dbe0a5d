import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { connectEngine } from '../../../../cli/engine/engine.js';
import { addressFromEnvironment, defaultAddress, parseContext } from '../../../../cli/engine/address.js';
import { processEnv } from '../../../../environments/process-env.js';
import { noAnswer } from '../../../../cli/engine/error.js';

function context(name: string, host: string, rest: object = {}): string {
  return JSON.stringify([
    { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } }, ...rest },
  ]);
}

function refused(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

test.each([
  ['linux', 'default', 'unix:///var/run/docker.sock', 'unix:///var/run/docker.sock'],
  ['linux', 'rootless', 'unix:///run/user/1000/docker.sock', 'unix:///run/user/1000/docker.sock'],
  ['darwin', 'desktop-linux', 'unix:///Users/ada/.docker/run/docker.sock', 'unix:///Users/ada/.docker/run/docker.sock'],
  ['win32', 'desktop-linux', 'npipe:////./pipe/dockerDesktopLinuxEngine', 'npipe:////./pipe/dockerDesktopLinuxEngine'],
  ['win32', 'old', 'npipe:\\\\.\\pipe\\docker_engine', 'npipe:////./pipe/docker_engine'],
  ['linux', 'lab', 'ssh://ada@lab', 'ssh://ada@lab'],
] as const)('on %s the context %s gives DOCKER_HOST', (platform, name, host, expected) => {
  expect(parseContext(context(name, host), platform)).toEqual({ host: expected, origin: `context ${name}` });
});

test('a context with certificates says where they are', () => {
  const rest = {
    TLSMaterial: { docker: ['ca.pem', 'cert.pem', 'key.pem'] },
    Storage: { TLSPath: '/home/ada/.docker/contexts/tls/1' },
  };
  expect(parseContext(context('lab', 'tcp://lab:2376', rest), 'linux').certPath).toMatch(/tls.1.docker$/);
});

test.each([
  [{ DOCKER_TLS_VERIFY: '1' }, join('/home/ada', '.docker')],
  [{ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '' }, join('/home/ada', '.docker')],
  [{ DOCKER_TLS_VERIFY: '1', DOCKER_CONFIG: '/etc/docker-cli' }, '/etc/docker-cli'],
  [{ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }, '/certs'],
  [{ DOCKER_CERT_PATH: '/certs' }, undefined],
])('with %j certificates are looked for where Docker does', (env, expected) => {
  expect(addressFromEnvironment('tcp://lab:2376', env, '/home/ada').certPath).toBe(expected);
  expect(addressFromEnvironment('unix:///var/run/docker.sock', env, '/home/ada').certPath).toBeUndefined();
});

test('certificates that are not there are named, and an agent that is missing', async () => {
  const certPath = join(tmpdir(), 'no such folder');
  await expect(connectEngine({ host: 'tcp://192.0.2.1:2376', origin: 'DOCKER_HOST', certPath })).rejects.toThrow(
    /certificates are not there: .*ca\.pem, .*key\.pem: Set DOCKER_CERT_PATH/,
  );
  const before = processEnv['SSH_AUTH_SOCK'];
  Reflect.deleteProperty(processEnv, 'SSH_AUTH_SOCK');
  try {
    await expect(connectEngine({ host: 'ssh://ada@lab', origin: 'DOCKER_HOST' })).rejects.toThrow(
      /no agent has keys for it: SSH_AUTH_SOCK is not set: .*ssh-add/,
    );
  } finally {
    if (before !== undefined) (processEnv as Record<string, string>)['SSH_AUTH_SOCK'] = before;
  }
});

test.each(['tcp://', 'tcp://[::1', '192.0.2.1:2375'])('%s is no address, and that is said', async (host) => {
  await expect(connectEngine({ host, origin: 'DOCKER_HOST' })).rejects.toThrow(
    /is no address of a Docker engine, such as .*: Correct or unset DOCKER_HOST/,
  );
});

test.each(['127.0.0.1', '::1'])('an engine answers at %s', async (address) => {
  const server = createServer((request, response) => {
    const info = { OSType: 'linux', ID: 'one', MemTotal: 1, NCPU: 1, SwapLimit: true };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url?.endsWith('/info') ? info : { Version: '28.5.2', ApiVersion: '1.51' }));
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  try {
    const { port } = server.address() as AddressInfo;
    const host = `tcp://${address.includes(':') ? `[${address}]` : address}:${port}`;
    expect(await connectEngine({ host, origin: 'DOCKER_HOST' })).toMatchObject({ id: 'one', host, version: '28.5.2' });
  } finally {
    server.close();
  }
});

test('without a context the usual place of the platform is taken', () => {
  expect(defaultAddress('win32', () => false).host).toBe('npipe:////./pipe/docker_engine');
  expect(defaultAddress('linux', () => false).host).toBe('unix:///var/run/docker.sock');
  expect(defaultAddress('darwin', (path) => path === '/var/run/docker.sock').host).toBe('unix:///var/run/docker.sock');
  expect(defaultAddress('darwin', (path) => path.endsWith('.docker/run/docker.sock')).host).toMatch(
    /\.docker\/run\/docker\.sock$/,
  );
});

test('a missing engine is explained for each platform', () => {
  const desktop = { host: 'npipe:////./pipe/dockerDesktopLinuxEngine', origin: 'context desktop-linux' };
  expect(noAnswer(refused('ENOENT'), desktop, 'win32').message).toMatch(/Start Docker Desktop.*winget/);
  const usual = defaultAddress('linux', () => true);
  expect(noAnswer(refused('ECONNREFUSED'), usual, 'linux').message).toMatch(/systemctl start docker|WSL integration/);
  expect(noAnswer(refused('EACCES'), usual, 'linux').message).toMatch(/usermod -aG docker/);
  expect(noAnswer(refused('ECONNRESET'), desktop, 'win32').message).toMatch(/may still be starting/);
});

test('only an engine that is not there at all may be started', () => {
  const usual = defaultAddress('linux', () => true);
  expect(noAnswer(refused('ENOENT'), usual, 'linux').absent).toBe(true);
  expect(noAnswer(refused('EACCES'), usual, 'linux').absent).toBe(false);
  expect(noAnswer(refused('ECONNREFUSED'), { host: 'tcp://lab:2375', origin: 'context lab' }, 'linux').absent).toBe(
    false,
  );
});

test('a wrong DOCKER_HOST is named as what to correct', () => {
  const address = { host: 'unix:///tmp/nothing.sock', origin: 'DOCKER_HOST' };
  expect(noAnswer(refused('ENOENT'), address, 'linux').message).toMatch(/correct or unset DOCKER_HOST/);
});
