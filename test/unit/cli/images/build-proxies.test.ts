import { expect, test } from '@jest/globals';
import { buildProxies } from '../../../../cli/images/build-proxies.js';

const SOCKET = 'unix:///var/run/docker.sock';

test('proxies are given in both cases, with a scheme', () => {
  const env = { https_proxy: 'proxy.example:3128', HTTP_PROXY: 'http://other.example', NO_PROXY: 'localhost,.example' };
  expect(buildProxies(env, SOCKET, 'linux')).toEqual({
    args: {
      HTTP_PROXY: 'http://other.example',
      http_proxy: 'http://other.example',
      HTTPS_PROXY: 'http://proxy.example:3128',
      https_proxy: 'http://proxy.example:3128',
      NO_PROXY: 'localhost,.example',
      no_proxy: 'localhost,.example',
    },
  });
  expect(buildProxies({}, SOCKET, 'linux')).toEqual({ args: {} });
});

test.each(['127.0.0.1', 'localhost', '127.8.0.1', '[::1]'])('a proxy on the loopback, %s, is reached', (host) => {
  const env = { HTTPS_PROXY: `http://${host}:3128` };
  expect(buildProxies(env, SOCKET, 'linux')).toMatchObject({
    network: 'host',
    args: { https_proxy: `http://${host}:3128` },
  });
  for (const [engine, platform] of [
    [SOCKET, 'darwin'],
    ['npipe:////./pipe/docker_engine', 'win32'],
  ] as const) {
    const { network, args } = buildProxies(env, engine, platform);
    expect([network, args['HTTPS_PROXY']]).toEqual([undefined, 'http://host.docker.internal:3128']);
  }
  expect(() => buildProxies(env, 'tcp://build.example:2376', 'linux')).toThrow(
    /HTTPS_PROXY is a proxy on this machine's loopback.*tcp:\/\/build\.example.*Name the proxy by an address/s,
  );
});
