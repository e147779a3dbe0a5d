import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { insideOf } from '../../../../cli/doctor/inside.js';
import { isLeftOut, parseDefender } from '../../../../cli/doctor/readings/defender.js';
import { parseOpenFiles } from '../../../../cli/doctor/readings/process-limits.js';
import { parseSwVers, parseVmStat } from '../../../../cli/doctor/readings/macos.js';
import { decodeWindowsText } from '../../../../cli/doctor/readings/windows-text.js';
import { parseWslConfig, wslMemory } from '../../../../cli/doctor/readings/wslconfig.js';
import { parseWslList } from '../../../../cli/doctor/readings/wsl-list.js';
import { exclusionOf, parseExcludedPorts } from '../../../../cli/preflight/excluded-ports.js';
import { parseNetstatRoutes, parseRoutePrint } from '../../../../cli/preflight/routes.js';

const bytes = (name: string) => readFileSync(`test/fixtures/commands/${name}`);
const text = (name: string) => decodeWindowsText(bytes(name));

test('the files have the line ends and encodings of the system that they are of', () => {
  expect(bytes('windows/route-print.txt').includes('\r\n')).toBe(true);
  expect(bytes('windows/wsl-list.utf16.txt').includes(0)).toBe(true);
  expect(bytes('macos/netstat-rn.txt').includes('\r')).toBe(false);
});

test('Microsoft Defender says whether it watches, and to administrators what it leaves out', () => {
  const cache = 'C:\\Users\\me\\AppData\\Local\\redis-platform';
  expect(parseDefender(text('windows/defender.txt'))).toEqual({ watches: true, leavesOut: ['C:\\src', cache] });
  expect(parseDefender(text('windows/defender-user.txt'))).toEqual({ watches: true, leavesOut: undefined });
  expect(parseDefender(text('windows/defender-off.txt'))).toEqual({ watches: false, leavesOut: [] });
  const leftOut = ['C:\\SRC\\', 'D:'];
  const folders = ['c:\\src', 'c:\\src\\platform', 'c:\\srcs', 'c:\\', 'd:\\x'];
  expect(folders.map((folder) => isLeftOut(folder, leftOut))).toEqual([true, true, false, false, true]);
});

describe('ports that Windows keeps for itself', () => {
  test('are ranges; what an administrator set aside may be asked for', () => {
    const ranges = parseExcludedPorts(text('windows/excludedportrange.txt'));
    expect(ranges).toEqual([
      { first: 1177, last: 1276 },
      { first: 5357, last: 5357 },
      { first: 6327, last: 6426 },
      { first: 8380, last: 8479 },
      { first: 27_339, last: 27_438 },
    ]);
    expect([6326, 6327, 6379, 6426, 6427].map((port) => exclusionOf(port, ranges)?.first)).toEqual([
      undefined,
      6327,
      6327,
      6327,
      undefined,
    ]);
    expect(exclusionOf(50_000, ranges)).toBeUndefined();
  });

  test('are read in German, and none where there are none', () => {
    const ranges = parseExcludedPorts(text('windows/excludedportrange-german.txt'));
    expect(ranges.map(({ first }) => first)).toEqual([5357, 26_340]);
    expect(parseExcludedPorts('')).toEqual([]);
  });
});

describe('routes', () => {
  test('of Windows: those that lead somewhere, without the persistent ones, which are listed twice', () => {
    const cidrs = parseRoutePrint(text('windows/route-print.txt')).map(({ cidr, by }) => `${cidr} ${by}`);
    expect(cidrs).toEqual([
      '10.8.0.0/24 the route by 10.8.0.6',
      '10.8.0.6/32 the route by 10.8.0.6',
      '10.213.32.0/20 the route by 10.8.0.6',
      '172.28.112.0/20 the route by 172.28.112.1',
      '192.168.1.0/24 the route by 192.168.1.23',
      '192.168.1.23/32 the route by 192.168.1.23',
    ]);
  });

  test('of a German Windows, where "on-link" is two words', () => {
    const routes = parseRoutePrint(text('windows/route-print-german.txt'));
    expect(routes).toEqual([{ cidr: '192.168.1.0/24', by: 'the route by 192.168.1.23' }]);
  });

  test('of macOS: destinations without the zeros at their end, without neighbours', () => {
    const cidrs = parseNetstatRoutes(text('macos/netstat-rn.txt')).map(({ cidr, by }) => `${cidr} ${by}`);
    expect(cidrs).toEqual([
      '10.8.0.0/24 the route by utun4',
      '10.8.0.5/32 the route by utun4',
      '10.213.32.0/20 the route by utun4',
      '169.254.0.0/16 the route by en0',
      '172.16.0.0/16 the route by utun4',
      '192.168.1.0/24 the route by en0',
      '192.168.1.1/32 the route by en0',
      '192.168.64.0/24 the route by bridge100',
    ]);
  });

  test('of an older macOS, with two more columns', () => {
    const routes = parseNetstatRoutes(text('macos/netstat-rn-old.txt'));
    expect(routes).toEqual([
      { cidr: '10.8.0.0/16', by: 'the route by utun2' },
      { cidr: '192.168.1.0/24', by: 'the route by en0' },
    ]);
  });
});

describe('systems in WSL', () => {
  const listed = [
    { name: 'Ubuntu', isDefault: true, version: 2, state: 'Running' },
    { name: 'docker-desktop', isDefault: false, version: 2, state: 'Running' },
    { name: 'Debian-old', isDefault: false, version: 1, state: 'Stopped' },
  ];
  test('are read in UTF-16, as wsl.exe prints them, and in UTF-8', () => {
    expect(parseWslList(text('windows/wsl-list.utf16.txt'))).toEqual(listed);
    expect(parseWslList(text('windows/wsl-list.utf8.txt'))).toEqual(listed);
  });

  test('are read in German, where a state may be two words', () => {
    expect(parseWslList(text('windows/wsl-list-german.utf16.txt'))).toEqual([
      { name: 'docker-desktop', isDefault: true, version: 2, state: 'Wird ausgeführt' },
      { name: 'Ubuntu-24.04', isDefault: false, version: 2, state: 'Beendet' },
    ]);
  });

  test('are none where a text says so', () => {
    expect(parseWslList(text('windows/wsl-list-none.utf8.txt'))).toEqual([]);
  });
});

describe('.wslconfig', () => {
  test('has settings in sections, with comments and spaces', () => {
    const { settings, ignored } = parseWslConfig(text('windows/wslconfig.txt'));
    expect(settings).toEqual({
      memory: '4GB',
      processors: '2',
      swap: '8GB',
      networkingmode: 'mirrored',
      kernelcommandline: 'sysctl.vm.overcommit_memory=1',
      automemoryreclaim: 'gradual',
    });
    expect(ignored).toEqual([]);
  });

  test('has no effect outside of its sections', () => {
    const { settings, ignored } = parseWslConfig(text('windows/wslconfig-wrong-section.txt'));
    expect([settings, ignored]).toEqual([{}, ['memory=8GB', 'processors=4']]);
  });

  test('may be what PowerShell wrote', () => {
    expect(parseWslConfig(text('windows/wslconfig-powershell.utf16.txt')).settings).toEqual({ memory: '2GB' });
  });

  test.each<[string | undefined, number | undefined]>([
    ['4GB', 4 * 1024 ** 3],
    ['4gb', 4 * 1024 ** 3],
    ['4G', 4 * 1024 ** 3],
    ['2048MB', 2 * 1024 ** 3],
    ['50%', 8 * 1024 ** 3],
    ['4', 4],
    ['0', 8 * 1024 ** 3],
    [undefined, 8 * 1024 ** 3],
    ['4 GB', 4 * 1024 ** 3],
    ['half', undefined],
    ['4XB', undefined],
    ['', undefined],
  ])('memory=%s', (value, expected) => {
    expect(wslMemory(value, 16 * 1024 ** 3)).toBe(expected);
  });
});

test('macOS: memory that can be had at once, and the version that people say', () => {
  expect(parseVmStat(text('macos/vm_stat.txt'))).toBe(416_000 * 16_384);
  expect(parseVmStat('vm_stat: not found')).toBeUndefined();
  expect(parseSwVers(text('macos/sw_vers.txt'))).toBe('14.6.1');
  expect(parseSwVers('')).toBeUndefined();
});

describe('open files', () => {
  test('are the hard limit, as programs raise the soft one', () => {
    expect(parseOpenFiles(text('linux/limits.txt'))).toBe(524_288);
    expect(parseOpenFiles('Max open files            1024                 unlimited            files')).toBe(Infinity);
    expect(
      parseOpenFiles('Max processes             1                    2                    processes'),
    ).toBeUndefined();
  });

  test('and the kernel are read in a container', () => {
    expect(insideOf(text('linux/heads.txt'))).toEqual({
      kernel: { 'vm.overcommit_memory': 0, 'vm.max_map_count': 65_530 },
      openFiles: 524_288,
    });
    expect(insideOf('head: cannot open')).toEqual({ kernel: {}, openFiles: undefined });
  });
});
