import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { environments } from '../../environments/index.js';
import type { PolicyReport } from '../../cli/commands/policies.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/*
 * The program as people run it, bundled, in processes of its own: what it writes depends on nothing but the sources.
 */
const SOURCES = [
  'bootstrap.mjs',
  'cli',
  'constructs',
  'environments',
  'images',
  'main.ts',
  'package.json',
  'package-lock.json',
  'diagram',
  'policies',
  'project.ts',
  'stacks',
];
const names = Object.keys(environments);

let folder: string;
let plain: string;
let windows: string;
let expected: Record<string, string>;

beforeAll(async () => {
  folder = temporaryFolder('same');
  plain = checkout(join(folder, 'plain'));
  // As git on Windows may check it out: elsewhere, with spaces and other scripts in the path, and CRLF.
  windows = checkout(join(folder, 'Käse & Wein', '平台 (2)'), toCrlf);
  expected = await synthIn(plain);
});

describe('the same bytes come out of', () => {
  test('another run', async () => {
    expect(Object.keys(expected).sort()).toEqual(
      names.flatMap((name) => [`${name}/cdk.tf.json`, `${name}/manifest.json`, `${name}/topology.json`]).sort(),
    );
    expect(await synthIn(plain, {}, ['dev'])).toEqual(ofDev());
  });

  test('a checkout with CRLF, in a folder with spaces and other scripts in its path', async () => {
    expect(await synthIn(windows)).toEqual(expected);
  });

  test.each<[string, Record<string, string>]>([
    // The dotless i of Turkish and the order of letters in Estonian are the usual traps.
    [
      'a Turkish locale, at the other end of the world',
      { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Pacific/Kiritimati' },
    ],
    ['an Estonian locale, at this end', { LANG: 'et_EE.UTF-8', LC_ALL: 'et_EE.UTF-8', TZ: 'Pacific/Pago_Pago' }],
    [
      'another user',
      {
        HOME: '/nonexistent',
        USERPROFILE: 'C:\\Users\\Zoë',
        USER: 'zoë',
        LOGNAME: 'zoë',
        USERNAME: 'zoë',
        HOSTNAME: 'elsewhere',
      },
    ],
    ['a terminal with colours', { FORCE_COLOR: '3', COLUMNS: '40', TERM: 'xterm-256color' }],
  ])(
    '%s',
    async (_, env) => {
      expect(await synthIn(plain, env, ['dev'])).toEqual(ofDev());
    },
    120_000,
  );

  test('another current folder', async () => {
    expect(await synthIn(plain, {}, ['dev'], folder)).toEqual(ofDev());
  });

  test('files that were checked out in another order, at another time', async () => {
    const later = checkout(
      join(folder, 'later'),
      (content) => content,
      (paths) => paths.reverse(),
    );
    expect(await synthIn(later, {}, ['dev'])).toEqual(ofDev());
  });
});

test('no path or user of this machine is in them', () => {
  for (const text of Object.values(expected)) {
    for (const machine of [folder, process.cwd(), homedir()].filter((path) => path.length > 1))
      expect(text).not.toContain(machine);
  }
});

test('a start that finds nothing to do loads neither cdktf nor the stack nor a policy', () => {
  const builds = join(plain, '.platform', 'build');
  const bundles = join(builds, readdirSync(builds).find((name) => /^[0-9a-f]{16}$/.test(name)) ?? '');
  const texts = new Map(
    readdirSync(bundles)
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => [name, readFileSync(join(bundles, name), 'utf8')]),
  );
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const text = texts.get(name) ?? '';
    // Not those that are imported when they are needed: `import("./x.mjs")`.
    for (const [, next = ''] of text.matchAll(/^(?:import |.*\bfrom )"\.\/([^"]+)";$/gm)) load(next);
  };
  const files = [...texts.keys()];
  for (const name of files.filter((one) => /^(?:cli|project|up-to-date-.*)\.mjs$/.test(one))) load(name);
  const holding = (source: string) =>
    files.filter((name) => new RegExp(`^// .*${source}`, 'm').test(texts.get(name) ?? ''));
  const late = ['node_modules/cdktf/', 'stacks/platform-stack.ts', 'policies/limits.ts'].map(holding);
  for (const names of late) expect(names).not.toEqual([]);
  expect(late.flat().filter((name) => loaded.has(name))).toEqual([]);
  // It was really followed: what both of them hold is among it.
  for (const source of ['cli/context.ts', 'environments/dev.ts', 'cli/drift/compare.ts']) {
    expect(holding(source).every((name) => loaded.has(name))).toBe(true);
    expect(holding(source)).not.toEqual([]);
  }
});

describe('a policy that is dropped into policies/', () => {
  const FRIDAY = [
    `import { eachContainer, type Policy } from './judge/policy.js';`,
    `export default {`,
    `  why: 'Nobody wants to be called on a Saturday.',`,
    `  fix: 'Wait.',`,
    `  judge: eachContainer(({ name }) => (name.endsWith('api-0') ? ['it was changed on a Friday'] : [])),`,
    `} satisfies Policy;`,
  ].join('\n');

  test('is found in the bundle without being registered anywhere, listed, and stops the synth', async () => {
    const project = checkout(join(folder, 'own policy'));
    writeFileSync(join(project, 'policies', 'no-friday.ts'), FRIDAY);
    const listed = await run(project, ['policies', '--env', 'dev', '--json']);
    const report = JSON.parse(listed.stdout) as PolicyReport;
    expect([listed.exitCode, report.ok]).toEqual([1, false]);
    expect(report.policies.map(({ id }) => id)).toContain('no-friday');
    expect(report.environments[0]?.violations).toEqual([
      { policy: 'no-friday', subject: 'api', what: 'it was changed on a Friday' },
    ]);
    const synth = await run(project, ['synth-app'], { PLATFORM_ENV: 'dev' });
    expect([synth.exitCode, synth.stderr]).toEqual([
      1,
      'api breaks the policy no-friday: it was changed on a Friday: Wait. Why: Nobody wants to be called on a Saturday.',
    ]);
    // Without it all is well, in the same checkout.
    rmSync(join(project, 'policies', 'no-friday.ts'));
    expect((await run(project, ['policies', '--env', 'dev'])).exitCode).toBe(0);
  });

  test('and is none stops everything, with its name and what is missing', async () => {
    const project = checkout(join(folder, 'no policy'));
    writeFileSync(join(project, 'policies', 'todo.ts'), 'export const todo = 1;\n');
    const { exitCode, stderr } = await run(project, ['policies']);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('policies/todo.ts is not a policy (got no why, no fix, no judge)'),
    ]);
  });
});

/** The project's sources in a new folder, with this one's packages. */
function checkout(
  project: string,
  change: (content: Buffer) => Buffer = (content) => content,
  order: (paths: string[]) => string[] = (paths) => paths,
): string {
  mkdirSync(project, { recursive: true });
  const copy = (path: string): void => {
    if (!statSync(path).isDirectory()) {
      writeFileSync(join(project, path), change(readFileSync(path)));
      return;
    }
    mkdirSync(join(project, path));
    for (const name of order(readdirSync(path))) copy(join(path, name));
  };
  for (const path of SOURCES) copy(path);
  // Each package by itself, and a word that all are there: whatever is installed here must not reach the real folder.
  mkdirSync(join(project, 'node_modules'));
  for (const name of readdirSync('node_modules').filter((entry) => !entry.startsWith('.'))) {
    // A junction needs no rights on Windows.
    symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name), 'junction');
  }
  const lock = createHash('sha256')
    .update(readFileSync(join(project, 'package-lock.json')))
    .digest('hex');
  writeFileSync(join(project, 'node_modules', '.installed-from'), `${lock} ${process.platform} ${process.arch}`);
  return project;
}

function toCrlf(content: Buffer): Buffer {
  if (content.includes(0)) return content;
  return Buffer.from(content.toString('utf8').replaceAll(/\r?\n/g, '\r\n'));
}

/** One environment tells as much as all of them, at a quarter of the time. */
function ofDev(): Record<string, string> {
  return Object.fromEntries(Object.entries(expected).filter(([path]) => path.startsWith('dev/')));
}

async function synthIn(
  project: string,
  env: Record<string, string> = {},
  which = names,
  cwd = project,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  // One after the other: bundles are made once, and each synth writes the manifest anew.
  for (const name of which) {
    const { exitCode, stderr } = await run(project, ['synth-app'], { ...env, PLATFORM_ENV: name }, cwd);
    expect([exitCode, stderr]).toEqual([0, '']);
    const read = (...path: string[]) => readFileSync(join(project, 'cdktf.out', ...path), 'utf8');
    files[`${name}/cdk.tf.json`] = read('stacks', name, 'cdk.tf.json');
    files[`${name}/topology.json`] = read('stacks', name, 'topology.json');
    files[`${name}/manifest.json`] = read('manifest.json');
  }
  return files;
}

async function run(project: string, args: string[], env: Record<string, string> = {}, cwd = project) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [join(project, 'bootstrap.mjs'), ...args], {
    cwd,
    env: { ...env, NODE_OPTIONS: '' },
    reject: false,
    stdin: 'ignore',
  });
  return { exitCode, stdout, stderr };
}
