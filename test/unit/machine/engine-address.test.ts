import { expect, test } from '@jest/globals';
import { defaultAddress, parseContext } from '../../../cli/machine/engine-address.js';
import { noAnswer } from '../../../cli/machine/engine-error.js';

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
