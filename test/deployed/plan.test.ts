import { describe, expect } from '@jest/globals';
import { execa } from 'execa';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { bringUp, command, commandLine, Faults } from '../support/faults.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();
const faults = () => new Faults(platform());
const api = () =>
  platform()
    .service('api')
    .instances.map(({ name }) => name);

describe('after a start', () => {
  it('a plan is empty', async () => {
    const { exitCode, all } = await command(platform(), 'plan');
    expect([exitCode, all]).toEqual([0, expect.stringContaining('No changes')]);
  });

  it('another start has nothing to do', async () => {
    expect(await bringUp(platform())).toContain('nothing to do');
  });
});

describe('a start that was killed half-way is repaired by the next one', () => {
  const ways: readonly [string, (pid: number) => void][] = [
    ['with all that it had started', (pid) => process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')],
    ['alone, while Terraform goes on', (pid) => process.kill(pid, 'SIGKILL')],
  ];
  for (const [how, kill] of ways) {
    it(
      how,
      async () => {
        const removed = [...api(), ...platform().sentinels.slice(0, 1)];
        await faults().remove(...removed);
        const start = execa(process.execPath, commandLine(platform(), 'start'), {
          reject: false,
          stdin: 'ignore',
          stdout: 'ignore',
          stderr: 'ignore',
          // A process group of its own.
          detached: process.platform !== 'win32',
        });
        await eventually(
          () =>
            platform()
              .container(removed[0] ?? '')
              .inspect(),
          { within: Duration.seconds(60), every: 20 },
        );
        kill(start.pid ?? 0);
        expect((await start).signal).toBe('SIGKILL');
        await bringUp(platform());
        expect(await bringUp(platform())).toContain('nothing to do');
      },
      Duration.seconds(180),
    );
  }
});
