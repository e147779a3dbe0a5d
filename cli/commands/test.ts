import { execa } from 'execa';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { type Context, createContext } from '../context.js';
import { HELD_BY_ANCESTOR, type LockingOptions, withDeployment } from '../deployment/lock.js';
import { findDocker } from '../engine/docker-cli.js';
import type { Engine } from '../engine/engine.js';
import { EngineError } from '../engine/error.js';
import { ImageBuilder } from '../images/image-builder.js';
import { type EngineVersion, requirePrivateEngine } from '../engine/private-engine/index.js';
import type { Project } from '../project.js';
import { requireWine, type WindowsNode } from '../test/wine.js';
import { prepare } from '../start/prepare.js';
import type { PrepareOptions, Session } from '../session/session.js';
import { bringUp } from '../start/start.js';
import { runOnPrivateEngine } from '../test/private-tests.js';
import {
  type Counts,
  countGoTests,
  isWorthRerun,
  rerunFailed,
  runChecks,
  runJest,
  seconds,
} from '../test/test-runs.js';
import { runUnderWine } from '../test/wine-tests.js';
import { destroyCommand } from './destroy.js';

export interface TestOptions extends PrepareOptions, LockingOptions {
  readonly offline?: boolean;
  readonly requireEngine?: boolean;
  readonly keep?: boolean;
  readonly only?: string;
  /** Measure instead: see test/bench. */
  readonly bench?: boolean;
  /** Run Go tests and deployed files that failed once more. */
  readonly rerunFailed?: boolean;
  /** Run the deployed tests on a Docker engine of this version, started for them; on the one that is here a few. @default all on the one that is here */
  readonly engine?: EngineVersion;
  readonly instance?: string;
  /** Run the offline tests alone, on this line of Node.js for Windows, under Wine. */
  readonly windows?: WindowsNode;
}

/** Images whose Dockerfile has a stage `test` that runs their Go tests. */
const GO_IMAGES = ['images/api', 'images/es-node', 'images/log-tools', 'images/redis'];

/** On the engine that is here, where all is tested on another: starts, status, crashes, plans, interrupted starts, removal. */
const SHORT_ROUND = 'deployed/(cdktf|commands|failover|identity|openapi|plan)\\.test';

/** A disk that is soon full. */
const SMALL_DISK = ['--tmpfs', '/full:size=1m,mode=1777'];

/**
 * Offline tests, the images' Go tests, and the deployed tests against a platform of their own.
 * @returns 0 if nothing failed; the last line printed is `N passed, N failed, N skipped`
 */
export async function testCommand(project: Project, options: TestOptions): Promise<number> {
  if (options.engine !== undefined) requirePrivateEngine(options.engine);
  if (options.windows !== undefined) {
    requireWine();
    return sumUp([await runUnderWine(options.windows, options.only)]);
  }
  const context = createContext(project, { env: 'test', instance: options.instance });
  if (options.offline) return runTests(context, options);
  return withDeployment(context, 'npm test', options, (claim) => runTests(context, options, claim));
}

/** @param claim of the lock on the test environment; without one only offline tests are run */
async function runTests(context: Context, options: TestOptions, claim?: string): Promise<number> {
  const all = options.only === undefined && !options.bench;
  const prepared = claim === undefined ? undefined : await prepareIfPossible(context, options);
  const goTests = prepared && all ? buildGoTests(prepared) : [];
  const results: Counts[] = [];
  if (all) {
    const started = Date.now();
    results.push(...(await runChecks()), await runJest('offline'));
    console.log(`offline part [${seconds(started)}]\n`);
  }
  // One after the other: they hold real servers to seconds, so they should not compete for processors.
  for (const { folder, image } of goTests) {
    if (prepared) results.push(await runGoTestsOf(folder, await image, prepared.engine, options.rerunFailed));
  }
  if (prepared && claim !== undefined && options.engine !== undefined) {
    results.push(await runOnPrivateEngine(options.engine, context, prepared, options));
    if (all) results.push(await runDeployed(context, { ...options, only: SHORT_ROUND }, claim));
  } else if (prepared && claim !== undefined) results.push(await runDeployed(context, options, claim));
  else if (!options.offline) results.push({ passed: 0, failed: 0, skipped: 1 });
  return sumUp(results);
}

function sumUp(results: readonly Counts[]): number {
  const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

async function prepareIfPossible(context: Context, options: TestOptions): Promise<Session | undefined> {
  try {
    return await prepare(context, options);
  } catch (error) {
    if (options.requireEngine || !(error instanceof EngineError)) throw error;
    console.log(`skipped: the Go tests and the deployed tests, as there is no engine: ${error.message}`);
    return undefined;
  }
}

/** Nobody keeps data in the test environment: what a run that was broken off left there goes first. */
async function runDeployed(context: Context, options: TestOptions, claim: string): Promise<Counts> {
  const removal = { ...options, deleteData: true, yes: true };
  await destroyCommand(context, removal);
  const started = Date.now();
  try {
    const unready = await bringUp(context, options);
    if (unready) throw unready;
    const env = { PLATFORM_ENV: 'test', PLATFORM_INSTANCE: options.instance ?? '', [HELD_BY_ANCESTOR]: claim };
    const counts = await runJest(options.bench ? 'bench' : 'deployed', env, options.only);
    return options.rerunFailed && !options.bench ? await rerunFailed(env, counts) : counts;
  } finally {
    console.log(`deployed part [${seconds(started)}]`);
    if (!options.keep) await destroyCommand(context, removal);
  }
}

/** Images of the test stage: with the toolchain that builds the images, on any host. They are built beside the offline tests. */
function buildGoTests({ engine, sources }: Session): { folder: string; image: Promise<string> }[] {
  const builder = new ImageBuilder(engine, sources.images);
  return GO_IMAGES.map((folder) => {
    const image = builder.ensureTests(folder);
    image.catch(() => undefined); // whoever runs it gets the error
    return { folder, image };
  });
}

async function runGoTestsOf(folder: string, tag: string, engine: Engine, rerun = false): Promise<Counts> {
  const started = Date.now();
  const run = async (...command: string[]) => {
    const options = { reject: false, all: true, env: engine.environment } as const;
    const { all } = await execa(findDocker(), ['run', '--rm', '--init', ...SMALL_DISK, tag, ...command], options);
    return all;
  };
  const all = await run();
  const { notable, failures, ...counts } = countGoTests(all);
  if (counts.passed + counts.failed === 0) {
    throw new PlatformError({
      what: `the Go tests of ${folder} did not run`,
      got: `\n${all}\n`,
      fix: 'Fix what it says.',
    });
  }
  const say = ({ passed, failed, skipped }: Counts, what: string) => {
    console.log(
      `${failed === 0 ? '✔' : '✖'} Go tests of ${folder}, with the race detector: ` +
        `${passed} passed, ${failed} failed, ${skipped} skipped [${seconds(started)}]\n${what}`,
    );
  };
  say(counts, notable);
  if (!rerun || !isWorthRerun(failures, notable)) return counts;
  console.log(`run again, as they failed: ${failures.join(', ')}`);
  const again = countGoTests(
    await run('go', 'test', '-race', '-count=1', '-v', '-run', `^(${failures.join('|')})$`, './...'),
  );
  const passed = again.failures.length === 0 && again.failed === 0 ? again.passed : 0;
  const total = { passed: counts.passed + passed, failed: counts.failed - passed, skipped: counts.skipped };
  say(total, again.notable);
  return total;
}
