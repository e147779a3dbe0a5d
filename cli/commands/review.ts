import { PlatformError } from '../../constructs/core/platform-error.js';
import { loadEnvironment } from '../../environments/selection.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { createContext } from '../context.js';
import { withDeployment } from '../deployment/lock.js';
import { checkState } from '../preflight/state.js';
import type { Project } from '../project.js';
import { writeDeployment } from '../start/declare.js';
import { prepare } from '../start/prepare.js';
import type { PrepareOptions } from '../session/session.js';
import { withBase } from '../review/base.js';
import { changedFiles } from '../review/changes.js';
import { type Declaration, declarationOf } from '../review/declaration.js';
import { Git, resolveCommit } from '../review/git.js';
import { isAtLeast, type Level } from '../review/level.js';
import { renderJson } from '../review/render/json.js';
import { renderMarkdown } from '../review/render/markdown.js';
import { renderText } from '../review/render/text.js';
import { type Review, reviewed } from '../review/review.js';
import { SourceTree } from '../review/source-tree.js';
import { type PlannedChange, readPlan, readPlanFile } from '../review/terraform-plan.js';
import { declare } from '../synth/declare.js';
import { type ResultOptions, resultPaint, writeResult } from '../terminal/result.js';
import { isUserError } from '../bootstrap/programs.mjs';

export interface ReviewOptions extends PrepareOptions, ResultOptions {
  /** A git ref. */
  readonly base?: string;
  /** @default every environment */
  readonly env?: string;
  readonly format?: 'md' | 'json' | 'text';
  readonly failOn?: Level;
  /** A file with the JSON of a plan; `true`: make one of the deployment on this machine. */
  readonly plan?: string | true;
}

/** @returns 0: nothing at or above `failOn`, 1: findings at or above it, 2: it could not be reviewed */
export async function reviewCommand(project: Project, options: ReviewOptions): Promise<number> {
  try {
    // Progress goes to stderr: what is printed is often a file.
    const review = await reviewTree(project, options, (line) => {
      console.error(line);
    });
    const { format = 'text' } = options;
    const render = {
      md: renderMarkdown,
      json: renderJson,
      text: (all: Review) => renderText(all, resultPaint(options)),
    };
    writeResult(render[format](review), options);
    const { failOn } = options;
    return failOn !== undefined && review.findings.some(({ level }) => isAtLeast(level, failOn)) ? 1 : 0;
  } catch (error) {
    if (!isUserError(error)) throw error;
    console.error(`\nError: ${error.message}`);
    return 2;
  }
}

/**
 * Reviews the working tree.
 * @throws PlatformError if either side cannot be synthesized
 */
export async function reviewTree(
  project: Project,
  options: ReviewOptions,
  say: (line: string) => void,
): Promise<Review> {
  const { base: ref } = options;
  if (ref === undefined || ref === '') {
    throw new PlatformError({
      what: 'there is nothing to compare with',
      allowed: 'a branch, tag or commit',
      fix: 'Name it: npm run review -- --base main',
    });
  }
  const git = new Git(project.folder);
  const commit = await resolveCommit(git, ref);
  const own = project.environments.map(({ name }) => name);
  return withBase(project.folder, commit, say, async (base) => {
    const wanted = chooseEnvironments(options.env, own, base.environments);
    const [before, changes, head, status, sources] = await Promise.all([
      Promise.all(wanted.map(async (name) => (base.environments.includes(name) ? base.synthesize(name) : undefined))),
      changedFiles(git, commit),
      git.attempt('rev-parse', '--verify', '--quiet', 'HEAD'),
      git.run('status', '--porcelain'),
      Promise.all([SourceTree.open(base.folder), SourceTree.open(project.folder)]),
    ]);
    const after = new Map<string, Declaration>();
    for (const name of wanted.filter((one) => own.includes(one))) after.set(name, await declareTree(project, name));
    const planned =
      options.plan === undefined
        ? new Map<string, PlannedChange[]>()
        : await plans(
            project,
            options,
            wanted.filter((name) => own.includes(name)),
          );
    const sides = wanted.map((name, index) => ({
      name,
      before: before[index],
      after: after.get(name),
      planned: planned.get(name),
    }));
    const tree = { commit: head.ok ? head.output : null, dirty: status !== '' };
    return reviewed({ base: { ref, commit }, tree }, sides, { before: sources[0], after: sources[1], changes });
  });
}

/**
 * The environments to review.
 * @throws PlatformError if neither side has the one that was asked for
 */
export function chooseEnvironments(env: string | undefined, own: readonly string[], base: readonly string[]): string[] {
  const all = [...new Set([...own, ...base])];
  if (env === undefined) return all;
  if (all.includes(env)) return [env];
  throw new PlatformError({
    what: 'neither the base nor the working tree has such an environment',
    got: env,
    allowed: all.join(', '),
    fix: 'Choose one of them, or leave --env out for all.',
  });
}

/** As every machine would: without the site of this one, and not over what is deployed from here. */
async function declareTree(project: Project, name: string): Promise<Declaration> {
  try {
    const environment = loadEnvironment(project.environments, name);
    return declarationOf(await declare(project, { environment, site: UNPREPARED_SITE }), 'the working tree');
  } catch (cause) {
    if (!isUserError(cause)) throw cause;
    throw new PlatformError(
      { what: `the working tree does not synthesize (${name})`, got: cause.message, fix: 'Fix it first.' },
      { cause },
    );
  }
}

async function plans(
  project: Project,
  options: ReviewOptions,
  names: readonly string[],
): Promise<Map<string, PlannedChange[]>> {
  const { plan } = options;
  const [only] = names;
  if (typeof plan === 'string') {
    if (only === undefined || names.length > 1) {
      throw new PlatformError({
        what: 'a plan is of one environment',
        got: names.join(', '),
        allowed: '--plan FILE together with --env NAME',
        fix: 'Say which one: --env dev',
      });
    }
    return new Map([[only, readPlanFile(plan)]]);
  }
  const found = new Map<string, PlannedChange[]>();
  for (const name of names) {
    const context = createContext(project, { env: name });
    const json = await withDeployment(context, 'npm run review', {}, async () => {
      checkState(context);
      const { site, terraform } = await prepare(context, { ...options, images: false, install: false });
      await writeDeployment(context, site);
      await terraform.init();
      return terraform.planJson();
    });
    found.set(name, readPlan(json));
  }
  return found;
}
