import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { execa } from 'execa';
import type { Context } from '../../cli/context.js';
import { createContext } from '../support/context.js';
import { connectEngine } from '../../cli/engine/engine.js';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { command, commandLine } from '../support/faults.js';
import { succeed, useSmallDeployment } from '../support/small-deployment.js';

const LIMIT_MS = 600_000;
const REFUSED_FOR_START = /another command works on .*`npm run start` \(process/s;
const context = useSmallDeployment('pair');
/** `npm test` knows one environment. */
const tested = createContext({ env: 'test', ...(context.instance !== undefined && { instance: context.instance }) });

afterAll(async () => {
  await command({ context: tested }, 'destroy', '--delete-data', '--yes');
}, LIMIT_MS);

/** Until it works on the deployment. */
async function begin(of: Context, name: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, commandLine({ context: of }, name), { stdio: 'ignore' });
  await eventually(
    () => {
      const claim = `${of.name}.lock.${child.pid}-`;
      const names = readdirSync(join(of.project.folder, '.platform'));
      if (!names.some((one) => one.startsWith(claim))) throw new Error(`${name} has no lock yet`);
    },
    { within: Duration.seconds(30) },
  );
  return child;
}

/** Each with the moment when it was started. */
async function containers(): Promise<string[]> {
  const { docker } = await connectEngine();
  const filters = { label: [`redis-platform.deployment=${context.name}`] };
  const listed = await docker.listContainers({ all: true, filters });
  const inspected = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
  return inspected.map(({ Id, State }) => `${Id} ${State.StartedAt}`).sort();
}

it(
  'of two starts at once one waits, says for whom, and finds nothing to do',
  async () => {
    const ends = await Promise.all([succeed(context, 'start'), succeed(context, 'start')]);
    const waited = ends.filter(({ all }) => all.includes('Waiting for `npm run start`'));
    expect(waited.map(({ all }) => all.includes('nothing to do'))).toEqual([true]);
    expect(ends.filter(({ all }) => all.includes('nothing to do'))).toHaveLength(1);
  },
  LIMIT_MS,
);

it(
  'while one starts, those that do not wait end at once and name it; a removal that waits then leaves nothing',
  async () => {
    await succeed(context, 'down');
    const start = await begin(context, 'start');
    const ended = once(start, 'exit');
    const hasty = await Promise.all(['start', 'down', 'plan'].map((name) => command({ context }, name, '--no-wait')));
    for (const { exitCode, all } of hasty) {
      expect([exitCode, all]).toEqual([1, expect.stringMatching(REFUSED_FOR_START)]);
    }
    const { all } = await succeed(context, 'down');
    expect(all).toContain('Waiting for `npm run start`');
    expect([await ended, await containers()]).toEqual([[0, null], []]);
  },
  LIMIT_MS,
);

it(
  'while one starts the test environment, the tests do not begin',
  async () => {
    const start = await begin(tested, 'start');
    const ended = once(start, 'exit');
    try {
      const instance = tested.instance ?? '';
      const line = ['bootstrap.mjs', 'test', '--no-wait', '--only', 'none', '--instance', instance];
      const { exitCode, all } = await execa(process.execPath, line, { reject: false, all: true, stdin: 'ignore' });
      expect([exitCode, all]).toEqual([1, expect.stringMatching(REFUSED_FOR_START)]);
    } finally {
      start.kill('SIGTERM');
      await ended;
    }
  },
  LIMIT_MS,
);
