import { expect, test } from '@jest/globals';
import { warnings } from '../../../cli/warnings.js';

test('an engine before 28 is warned about, and how far its isolation goes', () => {
  expect(warnings({ version: '20.10.24', isolatedGateways: false }, '/home/me/platform', { services: [] })).toEqual([
    expect.stringMatching(/20\.10\.24 is older than 28: containers can reach/),
  ]);
});

test('passwords on a shared drive are warned about', () => {
  const found = warnings({ version: '28.0.0', isolatedGateways: true }, '\\\\server\\share\\platform', {
    services: [],
  });
  expect(found).toEqual([expect.stringContaining('shared drive')]);
});

test('a current engine and an ordinary folder need no warning', () => {
  expect(warnings({ version: '28.0.0', isolatedGateways: true }, 'C:\\Users\\me\\platform', { services: [] })).toEqual(
    [],
  );
});
