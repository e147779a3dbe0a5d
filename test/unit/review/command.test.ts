import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { chooseEnvironments } from '../../../cli/commands/review.js';
import { run } from '../../../cli/main.js';
import { Duration } from '../../../constructs/core/units.js';
import { project } from '../../../project.js';
import { Clone } from '../../support/clone.js';
import { eventually } from '../../support/eventually.js';

/** The real command, on a repository of its own. */
let clone: Clone;
beforeAll(() => {
  clone = new Clone();
});
afterAll(() => {
  clone.remove();
});

const worktrees = () => clone.git('worktree', 'list').split('\n').length;
const leftovers = () => readdirSync(tmpdir()).filter((name) => /^redis-platform-review-/.test(name));

interface Report {
  readonly tree: { readonly dirty: boolean };
  readonly counts: Record<string, number>;
  readonly findings: readonly { level: string; what: string; environments: string[]; where: unknown }[];
  readonly environments: readonly { name: string; in: string; containers: readonly unknown[] }[];
}

test('a change of the working tree is reviewed against a commit, and nothing is left behind', async () => {
  const before = leftovers();
  clone.edit('environments/dev.ts', "maxMemory: '128MiB'", "maxMemory: '64MiB'");
  // What this machine runs has no influence.
  clone.write(
    '.platform/site.json',
    JSON.stringify({
      owner: '12345678',
      engine: { isolatedGateways: true, startInterval: true },
      deployments: { test: { baseCidr: '10.99.0.0/20', ports: { http: 9999 } } },
    }),
  );
  // Not yet known to git, and on one side only.
  clone.write(
    'environments/stage.ts',
    "import type { EnvironmentInput } from './schema.js';\nimport { dev } from './dev.js';\nexport const stage: EnvironmentInput = { ...dev, name: 'stage', network: { baseCidr: '10.213.240.0/20' } };\n",
  );
  clone.edit('environments/index.ts', 'import { dev }', "import { stage } from './stage.js';\nimport { dev }");
  clone.edit('environments/index.ts', '= { dev,', '= { stage, dev,');
  const { code, stdout, stderr } = await clone.run('review', '--base', 'main', '--format', 'json', '--fail-on', 'data');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const report = JSON.parse(stdout) as Report;
  expect(report.tree.dirty).toBe(true);
  expect(report.findings[0]).toMatchObject({
    level: 'data',
    what: '`redis`: room for data shrinks: `128MiB` → `64MiB`',
    environments: ['dev'],
    where: { path: 'environments/dev.ts', line: 7, side: 'tree' },
  });
  expect(report.environments.find(({ name }) => name === 'test')?.containers).toEqual([]);
  expect(report.environments).toContainEqual(expect.objectContaining({ name: 'stage', in: 'tree' }));
  expect(report.findings.map(({ what }) => what)).toContainEqual(expect.stringContaining('environment `stage` is new'));
  expect(worktrees()).toBe(1);
  expect(leftovers()).toEqual(before);
  // The site and the output of what may run from here are not touched.
  expect(existsSync(join(clone.folder, 'cdktf.out'))).toBe(false);
});

test('an interrupted review leaves nothing behind', async () => {
  if (process.platform === 'win32') return; // Windows has no such signals between processes.
  const before = leftovers();
  const { child, ended } = clone.start('review', '--base', 'main');
  await eventually(
    () => {
      expect(worktrees()).toBe(2);
    },
    { within: Duration.seconds(100) },
  );
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, stdout: '' });
  expect(worktrees()).toBe(1);
  expect(leftovers()).toEqual(before);
});

test('a base that does not synthesize is said to be the problem, with exit code 2 and without a stack', async () => {
  clone.git('checkout', '--quiet', '--force', 'main');
  clone.git('clean', '--quiet', '--force');
  clone.edit('environments/dev.ts', '10.213.0.0/20', '10.213.0.0/99');
  clone.commit('broken');
  clone.edit('environments/dev.ts', '10.213.0.0/99', '10.213.0.0/20');
  const { code, stdout, stderr } = await clone.run('review', '--base', 'HEAD', '--env', 'dev');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/the base does not synthesize[^]*10\.213\.0\.0\/99[^]*Choose a base that works/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(worktrees()).toBe(1);
});

test('environments of either side are reviewed, and an unknown one is refused with their names', () => {
  expect(chooseEnvironments(undefined, ['dev', 'stage'], ['dev', 'test'])).toEqual(['dev', 'stage', 'test']);
  expect(chooseEnvironments('test', ['dev'], ['dev', 'test'])).toEqual(['test']);
  expect(() => chooseEnvironments('moon', ['dev', 'stage'], ['dev', 'test'])).toThrow(
    'neither the base nor the working tree has such an environment (got moon): allowed is dev, stage, test.',
  );
});

test.each([
  [['review'], /required option '--base <ref>'/],
  [['review', '--base', 'HEAD', '--format', 'xml'], /Allowed choices are text, md, json/],
  [['review', '--base', 'HEAD', '--fail-on', 'everything'], /Allowed choices are data, exposure/],
  [
    ['review', '--base', 'no/such/branch'],
    /there is no such base \(got no\/such\/branch\)|this clone is shallow|not in a git repository/,
  ],
  [
    ['review', '--base', '--version'],
    /there is no such base \(got --version\)|this clone is shallow|not in a git repository/,
  ],
])('%j cannot be reviewed: exit code 2', async (args, message) => {
  const said: string[] = [];
  const listen = (text: unknown) => {
    said.push(String(text));
    return true;
  };
  const spies = [
    jest.spyOn(process.stderr, 'write').mockImplementation(listen),
    jest.spyOn(console, 'error').mockImplementation(listen),
  ];
  try {
    expect(await run(project, args)).toBe(2);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  expect(said.join('')).toMatch(message);
});
