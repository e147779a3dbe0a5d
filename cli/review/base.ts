import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { putInPlace, removeFolder } from '../../constructs/core/whole-file.mjs';
import { withLock } from '../bootstrap/lock.mjs';
import { installDependencies } from '../bootstrap/npm.mjs';
import { cacheFolder } from '../bootstrap/paths.mjs';
import { lastLines } from '../bootstrap/programs.mjs';
import { type Declaration, readDeclaration } from './declaration.js';
import { Git } from './git.js';

/** Installed dependencies that no review has used for so long are removed. */
const KEEP_MS = 30 * 24 * 3_600_000;

/** A commit, checked out beside the working tree for as long as a review takes. */
export interface Base {
  /** The project in it. */
  readonly folder: string;
  /** The environments that it has. */
  readonly environments: readonly string[];
  /** What its own code makes of an environment. @throws PlatformError if it does not synthesize */
  readonly synthesize: (environment: string) => Promise<Declaration>;
}

/**
 * Checks a commit out into a temporary git worktree, makes its program runnable there, and removes it all afterwards:
 * also on errors and when interrupted.
 * @param project folder of the working tree's project
 * @param say shows what takes long
 * @throws PlatformError if it cannot be checked out or run
 */
export async function withBase<T>(
  project: string,
  commit: string,
  say: (line: string) => void,
  work: (base: Base) => Promise<T>,
): Promise<T> {
  const git = new Git(project);
  // In its long form: Windows' short names and macOS' link would be taken for another folder.
  const place = mkdtempSync(join(realpathSync.native(tmpdir()), 'redis-platform-review-'));
  const worktree = join(place, 'base');
  const running = new AbortController();
  const cleanUp = () => {
    running.abort();
    removeWorktree(project, place, worktree, folder);
  };
  const interrupted = () => {
    // What git is still writing could not be removed.
    void adding.finally(() => {
      cleanUp();
      process.exit(130);
    });
  };
  let adding: Promise<unknown> = Promise.resolve();
  let folder = worktree;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // `on`, as what runs programs ends this process at a signal that nobody listens to any more.
  for (const signal of signals) process.on(signal, interrupted);
  try {
    const prefix = await git.run('rev-parse', '--show-prefix');
    folder = join(worktree, prefix);
    const added = git.run('worktree', 'add', '--detach', '--force', worktree, commit);
    adding = added.catch(() => undefined); // whoever waits for the worktree itself gets the error
    await added;
    if (!existsSync(join(folder, 'bootstrap.mjs')) || !existsSync(join(folder, 'package-lock.json'))) {
      throw new PlatformError({
        what: 'the base cannot be synthesized',
        got: `${commit.slice(0, 12)} has no bootstrap.mjs or package-lock.json`,
        allowed: 'a commit of this project from its first release on',
        fix: 'Choose a later base.',
      });
    }
    await provideDependencies(project, folder, say);
    // cdktf makes these unless they are there, which two of its runs at once see alike.
    mkdirSync(join(folder, 'cdktf.out', 'stacks'), { recursive: true });
    const app = (environment: string) => synthApp(folder, environment, running.signal);
    const environments = environmentsIn((await app(UNKNOWN)).output);
    return await work({
      folder,
      environments,
      synthesize: async (environment) => {
        const { ok, output } = await app(environment);
        if (!ok) {
          throw new PlatformError({
            what: `the base does not synthesize (${environment})`,
            got: `\n${lastLines(output)}\n`,
            fix: 'Choose a base that works, e.g. an earlier commit.',
          });
        }
        return readDeclaration(join(folder, 'cdktf.out', 'stacks', environment), 'the base');
      },
    });
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    cleanUp();
  }
}

/** No environment can be called so; its error names all that there are. */
const UNKNOWN = '?';

/** @throws PlatformError if the base says anything else */
export function environmentsIn(output: string): string[] {
  const names = /no such environment.*allowed is ([a-z0-9, ]+)\./.exec(output)?.[1];
  if (names !== undefined) return names.split(', ');
  throw new PlatformError({
    what: 'the base does not synthesize',
    got: `\n${lastLines(output)}\n`,
    fix: 'Choose a base that works, e.g. an earlier commit.',
  });
}

async function synthApp(
  folder: string,
  environment: string,
  cancelSignal: AbortSignal,
): Promise<{ ok: boolean; output: string }> {
  const { exitCode, all } = await execa(process.execPath, ['bootstrap.mjs', 'synth-app'], {
    cwd: folder,
    env: {
      PLATFORM_ENV: environment,
      PLATFORM_INSTANCE: undefined,
      CDKTF_OUTDIR: undefined,
      CDKTF_CONTEXT_JSON: undefined,
    },
    reject: false,
    all: true,
    cancelSignal,
  });
  return { ok: exitCode === 0, output: all };
}

/** The working tree's own where the lock files are equal, else installed once for each lock file. */
async function provideDependencies(project: string, folder: string, say: (line: string) => void): Promise<void> {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const own = join(project, 'package-lock.json');
  const same = existsSync(own) && readFileSync(own).equals(lock) && existsSync(join(project, 'node_modules'));
  const source = same ? join(project, 'node_modules') : await installedFor(folder, lock, say);
  // On Windows links to folders need rights that users lack; junctions do not. Elsewhere the type is ignored.
  symlinkSync(source, join(folder, 'node_modules'), 'junction');
}

async function installedFor(folder: string, lock: Buffer, say: (line: string) => void): Promise<string> {
  const all = join(cacheFolder(), 'review');
  const name = createHash('sha256')
    .update(lock)
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')
    .slice(0, 16);
  const ready = join(all, name);
  await withLock(
    join(all, `${name}.lock`),
    async () => {
      if (existsSync(ready)) return;
      const draft = `${ready}.new`;
      removeFolder(draft);
      mkdirSync(draft, { recursive: true });
      for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
        if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(draft, file));
      }
      await installDependencies({ cwd: draft, what: "the base's dependencies, once for its lock file", say });
      putInPlace(draft, ready);
    },
    {
      onWait: () => {
        say("waiting for another review that installs the base's dependencies");
      },
    },
  );
  const now = new Date();
  utimesSync(ready, now, now);
  for (const other of readdirSync(all)) {
    const stats = statSync(join(all, other), { throwIfNoEntry: false });
    if (stats && now.getTime() - stats.mtimeMs > KEEP_MS) removeFolder(join(all, other));
  }
  return join(ready, 'node_modules');
}

/** In one go, as it also runs when the process is interrupted. */
function removeWorktree(project: string, place: string, worktree: string, folder: string): void {
  try {
    // First of all: nothing that deletes folders may ever follow it.
    unlinkSync(join(folder, 'node_modules'));
  } catch {
    // Not linked yet.
  }
  const remove = () =>
    spawnSync('git', ['worktree', 'remove', '--force', worktree], { cwd: project, windowsHide: true, stdio: 'ignore' });
  const removed = remove().status === 0;
  removeFolder(place);
  // Where files were still in use, or the checkout was broken off half-way, git is told that they are gone now.
  if (!removed) remove();
}
