import { expect, test } from '@jest/globals';
import { browserCommand } from '../../../../cli/terminal/browser.js';

const everywhere = (name: string) => `/usr/bin/${name}`;
const nowhere = () => undefined;

test('Windows opens pages by its own library, whatever is in the path', () => {
  expect(browserCommand('win32', 'C:\\Users\\Ann & Bob\\a,b.html', nowhere)).toEqual({
    program: 'rundll32.exe',
    args: ['url.dll,FileProtocolHandler', 'file:///C:/Users/Ann%20&%20Bob/a,b.html'],
  });
});

test('macOS has a program for it', () => {
  expect(browserCommand('darwin', '/tmp/a b.html', everywhere)).toEqual({
    program: '/usr/bin/open',
    args: ['file:///tmp/a%20b.html'],
  });
});

test('Linux has one, WSL another one, and a server none', () => {
  expect(browserCommand('linux', '/tmp/a.html', everywhere)?.program).toBe('/usr/bin/xdg-open');
  const inWsl = (name: string) => (name === 'wslview' ? everywhere(name) : undefined);
  expect(browserCommand('linux', '/tmp/a.html', inWsl)?.program).toBe('/usr/bin/wslview');
  expect(browserCommand('linux', '/tmp/a.html', nowhere)).toBeUndefined();
});
