import { expect, test } from '@jest/globals';
import { ENGINE_VERSIONS, requirePrivateEngine } from '../../../../cli/engine/private-engine/index.js';
import { checkVersion, folderOf } from '../../../../cli/engine/private-engine/root.js';

const debian = { platform: 'linux', root: true, mmdebstrap: true } as const;

test('a machine that can run one is not refused', () => {
  expect(() => {
    requirePrivateEngine('28', debian);
  }).not.toThrow();
});

test.each([
  [{ ...debian, platform: 'win32' as const }, 'win32', 'in a virtual machine'],
  [{ ...debian, platform: 'darwin' as const, root: false }, 'darwin', 'in a virtual machine'],
  [{ ...debian, root: false }, 'another user than root', 'Run it as root'],
  [{ ...debian, mmdebstrap: false }, 'no mmdebstrap', 'Install it'],
])('%j is refused with what is missing and how to get it', (machine, got, fix) => {
  const attempt = () => {
    requirePrivateEngine('28', machine);
  };
  expect(attempt).toThrow(got);
  expect(attempt).toThrow(fix);
  expect(attempt).toThrow('Without --engine');
});

test('an engine that Debian has replaced is refused with its version', () => {
  const attempt = (found: string) => () => {
    checkVersion('28', found);
  };
  expect(attempt('28.5.2+dfsg4')).not.toThrow();
  expect(attempt('29.0.1')).toThrow('29.0.1');
  expect(attempt('2.8.0')).toThrow('2.8.0');
});

test('each version has a folder of its own', () => {
  expect(ENGINE_VERSIONS).toEqual(['28']);
  expect(folderOf('28')).toMatch(/engine-28-[0-9a-f]{8}$/);
});
