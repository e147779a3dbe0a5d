import { execa } from 'execa';
import { PlatformError } from '../../constructs/core/platform-error.js';

/** In a git hook these name another index or folder than the one that is reviewed. */
const NOT_OURS = { GIT_DIR: undefined, GIT_INDEX_FILE: undefined, GIT_WORK_TREE: undefined, GIT_PREFIX: undefined };

/** git in a folder. Hooks are left out: nothing of a review is a user's doing. */
export class Git {
  constructor(
    readonly folder: string,
    private readonly program = 'git',
  ) {}

  /** @throws PlatformError with what git says */
  async run(...args: string[]): Promise<string> {
    const { ok, output } = await this.attempt(...args);
    if (ok) return output;
    throw new PlatformError({
      what: `git ${args.find((arg) => !arg.startsWith('-')) ?? ''} failed`,
      got: `\n${output}\n`,
      fix: 'Fix what it says and run the command again.',
    });
  }

  /** @throws PlatformError where there is no git at all */
  async attempt(...args: string[]): Promise<{ ok: boolean; output: string }> {
    const result = await execa(this.program, ['-c', 'core.hooksPath=/dev/null', '-c', 'core.quotepath=off', ...args], {
      cwd: this.folder,
      env: { ...NOT_OURS, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
      reject: false,
      stripFinalNewline: true,
      maxBuffer: 256 * 1024 * 1024,
    });
    if (result.code === 'ENOENT') {
      throw new PlatformError({
        what: 'git was not found',
        allowed: 'a git in PATH: a review compares with another commit',
        fix: 'Install it from https://git-scm.com.',
      });
    }
    const ok = result.exitCode === 0;
    return { ok, output: ok ? result.stdout : `${result.stderr}${result.stdout}`.trim() };
  }
}

/**
 * The commit that a user's words name.
 * @throws PlatformError outside a repository, for unknown names, and for commits that a shallow clone leaves out
 */
export async function resolveCommit(git: Git, ref: string): Promise<string> {
  const inside = await git.attempt('rev-parse', '--is-inside-work-tree');
  if (!inside.ok || inside.output !== 'true') {
    const dubious = /dubious ownership/.test(inside.output);
    throw new PlatformError({
      what: dubious
        ? 'git does not trust this folder, as it belongs to somebody else'
        : 'this folder is not in a git repository',
      got: git.folder,
      allowed: 'a clone: a review compares the working tree with another commit',
      fix: dubious
        ? 'Run the `git config --global --add safe.directory ...` that `git status` names.'
        : 'Clone the project with git instead of downloading it.',
    });
  }
  const { ok, output } = await git.attempt('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  if (ok) return output;
  const remote = (await git.attempt('rev-parse', '--verify', '--quiet', '--end-of-options', `origin/${ref}^{commit}`))
    .ok;
  if (remote) {
    throw new PlatformError({
      what: 'there is no such base',
      got: ref,
      allowed: 'a branch, tag or commit of this clone',
      fix: `Use --base origin/${ref}.`,
    });
  }
  const shallow = (await git.attempt('rev-parse', '--is-shallow-repository')).output === 'true';
  throw new PlatformError(
    shallow
      ? {
          what: 'this clone is shallow and does not hold the base',
          got: ref,
          allowed: 'a commit that was fetched',
          fix: `Fetch it: \`git fetch --depth=1 origin ${/^[\w./-]+$/.test(ref) && !ref.startsWith('-') ? ref : '<branch or commit>'}\` and use --base FETCH_HEAD, or \`git fetch --unshallow\`.`,
        }
      : {
          what: 'there is no such base',
          got: ref,
          allowed: 'a branch, tag or commit of this clone',
          fix: 'Check its spelling, or fetch it first: `git fetch origin`.',
        },
  );
}
