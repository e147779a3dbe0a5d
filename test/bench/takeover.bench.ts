import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { processEnv } from '../../environments/process-env.js';
import { Git } from '../../cli/review/git.js';
import { note } from '../support/live.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/**
 * What an earlier commit deployed is taken over by this one, under writes: `npm test -- --bench --only takeover`, BASE=a commit. In a clone of its
 * own, as an instance of `ci`.
 */
const BASE = processEnv['BASE'] ?? 'HEAD~1';
const OURS = ['--env', 'ci', '--instance', 'takeover'];
const LIMIT_MS = 1_200_000;

it(
  `a deployment of ${BASE} keeps its data, its passwords and every confirmed write`,
  async () => {
    const head = await new Git('.').run('rev-parse', 'HEAD');
    const base = await new Git('.').run('rev-parse', BASE);
    const folder = join(temporaryFolder('takeover'), 'checkout');
    await new Git('.').run('clone', '--quiet', '--no-checkout', process.cwd(), folder);
    const git = new Git(folder);
    const run = (name: string, ...args: string[]) =>
      execa(process.execPath, ['bootstrap.mjs', name, ...OURS, ...args], { cwd: folder, all: true, stdin: 'ignore' });
    try {
      await git.run('checkout', '--quiet', base);
      await run('start');
      const outputs = async () =>
        (JSON.parse((await run('outputs', '--json', '--show-secrets')).stdout) as Outputs).redis;
      const before = await outputs();
      const writer = new Writer(before);
      await git.run('checkout', '--quiet', head);
      const begun = Date.now();
      const { all } = await run('start');
      const seconds = (Date.now() - begun) / 1000;
      const { confirmed, lost } = await writer.end();
      note(
        all
          .split('\n')
          .filter((line) => /^ +\d+\. /.test(line))
          .join('\n'),
      );
      note(`${base.slice(0, 7)} was taken over in ${seconds.toFixed(0)} s; ${confirmed} confirmed, ${lost} lost`);
      expect([confirmed > 100, lost]).toEqual([true, 0]);
      const { password, masterUrl } = await outputs();
      expect([password === before.password, masterUrl]).toEqual([true, before.masterUrl]);
      expect((await run('plan')).all).toContain('No changes');
    } finally {
      await run('destroy', '--delete-data', '--yes');
    }
  },
  LIMIT_MS,
);

interface Outputs {
  readonly redis: { readonly masterUrl: string; readonly username: string; readonly password: string };
}

/** Writes one key after the other, and remembers which a replica has confirmed. */
class Writer {
  private readonly client: Redis;
  private readonly confirmed: string[] = [];
  private readonly done: Promise<void>;
  private ended = false;

  constructor({ masterUrl, username, password }: Outputs['redis']) {
    this.client = new Redis(masterUrl, { username, password, maxRetriesPerRequest: 0, reconnectOnError: () => true });
    this.client.on('error', () => undefined);
    this.done = this.write();
  }

  async end(): Promise<{ confirmed: number; lost: number }> {
    this.ended = true;
    await this.done;
    const found = await Promise.all(this.confirmed.map((key) => this.client.get(key)));
    this.client.disconnect();
    return { confirmed: found.length, lost: found.filter((value) => value === null).length };
  }

  private async write(): Promise<void> {
    for (let count = 0; !this.ended; count++) {
      const key = `takeover-${count}`;
      try {
        await this.client.set(key, count);
        if ((await this.client.wait(1, 500)) > 0) this.confirmed.push(key);
      } catch {
        // Not confirmed: it may be there or not.
        await pause(50);
      }
    }
  }
}
