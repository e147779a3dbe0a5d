import { createServer, type Server } from 'node:net';
import { describe, expect } from '@jest/globals';
import { execa } from 'execa';
import type { Status } from '../../cli/status/status.js';
import type { Outputs } from '../../cli/outputs.js';
import { Duration } from '../../constructs/core/units.js';
import { command, Faults } from '../support/faults.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();

function bootstrap(...args: string[]) {
  return execa(process.execPath, ['bootstrap.mjs', ...args], { reject: false, all: true, stdin: 'ignore' });
}

describe('status', () => {
  it('ends with 0 and says who is who while all is well', async () => {
    const { exitCode, stdout } = await command(platform(), 'status', '--json');
    const status = JSON.parse(stdout) as Status;
    expect([exitCode, status.ok, status.problems]).toEqual([0, true, []]);
    expect([status.redis?.master, ...(status.redis?.replicas ?? []).map(({ name }) => name)].sort()).toEqual([
      ...platform().nodes,
    ]);
    expect(status.sentinels.map(({ master }) => master)).toEqual(platform().sentinels.map(() => status.redis?.master));
    const table = await command(platform(), 'status');
    expect([table.exitCode, table.stdout.trimEnd().endsWith('is well.')]).toEqual([0, true]);
  });

  it('ends with 1 and names the container that does not run', async () => {
    const faults = new Faults(platform());
    const sentinel = platform().sentinels[0] ?? '';
    await faults.killForGood(sentinel);
    try {
      const { exitCode, stdout } = await command(platform(), 'status', '--json');
      const status = JSON.parse(stdout) as Status;
      expect([exitCode, status.ok, status.concerned]).toEqual([1, false, expect.arrayContaining([sentinel])]);
    } finally {
      await faults.start(sentinel);
      await platform().healthy();
    }
  });
});

describe('outputs', () => {
  it('has what clients need, and passwords only with --show-secrets', async () => {
    const [without, shown] = await Promise.all([
      command(platform(), 'outputs', '--json'),
      command(platform(), 'outputs', '--json', '--show-secrets'),
    ]);
    const [hidden, full] = [JSON.parse(without.stdout) as Outputs, JSON.parse(shown.stdout) as Outputs];
    expect(hidden.api.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const url of [hidden.redis.masterUrl, hidden.redis.replicasUrl])
      expect(url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
    expect(hidden.redis.sentinels).toHaveLength(platform().sentinels.length);
    expect(hidden.redis.nodes).toHaveLength(platform().nodes.length);
    expect(Object.keys(hidden.redis.natMap)).toHaveLength(platform().sentinels.length + platform().nodes.length);
    expect([hidden.redis.password, hidden.redis.sentinelPassword, hidden.statistics.password]).toEqual([
      null,
      null,
      null,
    ]);
    expect(full.redis.password).toBe(platform().login('app').password);
    expect(full.redis.sentinelPassword).toBe(platform().sentinelLogin('app').password);
    expect(without.all.includes(platform().login('app').password)).toBe(false);
  });
});

describe('a command', () => {
  it(
    'refuses an unknown environment and says which there are',
    async () => {
      const names = ['start', 'plan', 'status', 'outputs', 'down', 'destroy'];
      const answers = await Promise.all(names.map((name) => bootstrap(name, '--env', 'nowhere')));
      for (const { exitCode, all } of answers) {
        expect(exitCode).toBe(1);
        expect(all).toMatch(/there is no such environment.*nowhere.*dev, test/s);
      }
    },
    Duration.seconds(60),
  );

  it('ends with 0 for --help, and not for an option that is not there', async () => {
    const [help, wrong] = await Promise.all([bootstrap('--help'), bootstrap('status', '--nonsense')]);
    expect([help.exitCode, wrong.exitCode === 0]).toEqual([0, false]);
    for (const name of ['start', 'test', 'plan', 'status', 'outputs', 'down', 'destroy'])
      expect(help.stdout).toContain(name);
    expect(wrong.all).toContain('--nonsense');
  });

  it('that would destroy data asks first, and does nothing where nobody can answer', async () => {
    const { exitCode, all } = await command(platform(), 'destroy', '--delete-data');
    expect([exitCode, all]).toEqual([1, expect.stringContaining('--yes')]);
    expect((await platform().status()).ok).toBe(true);
  });
});

describe('a start', () => {
  it(
    'fails for a taken port, and names the port and the setting',
    async () => {
      const proxy = platform().topology.published.find(({ name }) => name === 'http')?.service ?? '';
      const faults = new Faults(platform());
      const entrance = platform().service(proxy).instances[0]?.name ?? '';
      const port = Number(new URL(platform().outputs.api.url).port);
      await faults.stop(entrance);
      let thief: Server | undefined;
      try {
        thief = await listen(port);
        const { exitCode, all } = await command(platform(), 'start');
        expect([exitCode, all]).toEqual([1, expect.stringContaining(String(port))]);
        // An instance has ports of its own, whatever its environment says.
        expect(all).toContain(platform().context.instance === undefined ? 'proxy.ports.http' : '--instance NAME');
      } finally {
        thief?.close();
        await faults.start(entrance);
        await platform().healthy();
      }
    },
    Duration.seconds(120),
  );

  function listen(port: number): Promise<Server> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        resolve(server);
      });
    });
  }
});
