import { describe, expect, test } from '@jest/globals';
import { proxyFor } from '../../../../cli/bootstrap/proxies.mjs';

const PROXY = { HTTPS_PROXY: 'http://proxy.example:3128' };

test.each([
  ['proxy.example:3128', 'http://proxy.example:3128/'],
  ['http://user:p%40ss@proxy.example:3128', 'http://user:p%40ss@proxy.example:3128/'],
  ['https://proxy.example', 'https://proxy.example/'],
  ['10.0.0.1:3128', 'http://10.0.0.1:3128/'],
])('HTTPS_PROXY=%s', (given, proxy) => {
  expect(proxyFor('https://registry.example/', { HTTPS_PROXY: given })?.href).toBe(proxy);
  expect(proxyFor('https://registry.example/', { https_proxy: given })?.href).toBe(proxy);
  expect(proxyFor('http://registry.example/', { HTTPS_PROXY: given })).toBeUndefined();
});

describe('NO_PROXY', () => {
  test.each([
    '*',
    'registry.example',
    'REGISTRY.example',
    'example',
    '.example',
    '*.example',
    'other, registry.example',
    'other registry.example',
    'registry.example:443',
  ])('%s exempts registry.example', (list) => {
    expect(proxyFor('https://registry.example/', { ...PROXY, NO_PROXY: list })).toBeUndefined();
    expect(proxyFor('https://registry.example/', { ...PROXY, no_proxy: list })).toBeUndefined();
  });
  test.each(['', 'istry.example', 'registry.example:8443', 'registry', ',', '.'])('%j does not', (list) => {
    expect(proxyFor('https://registry.example/', { ...PROXY, NO_PROXY: list })?.host).toBe('proxy.example:3128');
  });
});

test.each(['socks5://proxy.example:1080', 'http://', 'http://a b', 'proxy:99999'])(
  'HTTPS_PROXY=%s is refused in a sentence, without a password',
  (given) => {
    expect(() => proxyFor('https://x/', { HTTPS_PROXY: given })).toThrow(
      /^HTTPS_PROXY is no proxy .*Use e\.g\. HTTPS_PROXY=http/,
    );
    expect(() => proxyFor('https://x/', { HTTPS_PROXY: 'ftp://me:secret@proxy' })).toThrow(/^(?!.*secret)/);
  },
);
