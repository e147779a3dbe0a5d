import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildContext } from '../../../cli/machine/build-context.js';

test('a Windows checkout gives the engine the same bytes as a Linux one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'context-'));
  try {
    for (const [name, lineEnd, mode] of [
      ['linux', '\n', 0o755],
      ['windows', '\r\n', 0o666],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'Dockerfile'), `FROM scratch${lineEnd}`, { mode });
      writeFileSync(join(folder, name, 'run'), `#!/bin/sh${lineEnd}true${lineEnd}`, { mode });
    }
    const linux = await buildContext(join(folder, 'linux'));
    expect(linux.equals(await buildContext(join(folder, 'windows')))).toBe(true);
    // The tar header of the second file: its mode says that it can be run.
    expect(linux.subarray(1024, 1027).toString()).toBe('run');
    expect(linux.subarray(1024 + 100, 1024 + 107).toString()).toBe('000755 '.padStart(7, '0'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
