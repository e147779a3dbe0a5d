import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pathToFileURL } from 'node:url';
import { environmentsIn } from '../../../cli/review/base.js';
import { Git, resolveCommit } from '../../../cli/review/git.js';

let folder: string;
const git = (cwd: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    'git',
    ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', ...args],
    { cwd, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-platform-git-'));
  git(folder, 'init', '--quiet', '--initial-branch=main', 'full');
  for (const message of ['first', 'second'])
    git(join(folder, 'full'), 'commit', '--quiet', '--allow-empty', '--message', message);
  git(folder, 'clone', '--quiet', '--depth=1', pathToFileURL(join(folder, 'full')).href, 'shallow');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const resolving = (repository: string, ref: string) => resolveCommit(new Git(join(folder, repository)), ref);
const failing = (message: string | RegExp): unknown =>
  expect.objectContaining({
    name: 'PlatformError',
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  });

test('branches, tags and commits are bases, in any of their spellings', async () => {
  const first = git(join(folder, 'full'), 'rev-parse', 'main~1');
  expect(await resolving('full', 'main~1')).toBe(first);
  expect(await resolving('full', first.slice(0, 10))).toBe(first);
});

test('a base that a shallow clone leaves out is fetched by the command that is named', async () => {
  const first = git(join(folder, 'full'), 'rev-parse', 'main~1');
  await expect(resolving('shallow', first)).rejects.toThrow(
    failing(
      `this clone is shallow and does not hold the base (got ${first}): allowed is a commit that was fetched. Fetch it: \`git fetch --depth=1 origin ${first}\``,
    ),
  );
});

test('what only a remote has is offered', async () => {
  git(join(folder, 'full'), 'branch', 'release');
  git(folder, 'clone', '--quiet', 'full', 'copy');
  await expect(resolving('copy', 'release')).rejects.toThrow(failing('Use --base origin/release.'));
});

test('outside of a repository there is nothing to compare with', async () => {
  await expect(resolveCommit(new Git(folder), 'main')).rejects.toThrow(
    failing(/not in a git repository \(got .*\): allowed is a clone/),
  );
});

test('without git, it is asked for', async () => {
  await expect(resolveCommit(new Git(join(folder, 'full'), 'no-such-program'), 'main')).rejects.toThrow(
    failing('git was not found'),
  );
});

test('the environments of a base are those that its error for an unknown one names', () => {
  expect(
    environmentsIn(
      'there is no such environment (got ?): allowed is dev, test. Select one with --env or PLATFORM_ENV.\n',
    ),
  ).toEqual(['dev', 'test']);
  expect(() => environmentsIn('SyntaxError: nonsense\n')).toThrow(failing(/the base does not synthesize[^]*nonsense/));
});
