import { execa } from 'execa';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { type Context, createContext } from '../context.js';
import { findDocker } from '../machine/docker-cli.js';
import type { Engine } from '../machine/engine.js';
import { EngineError } from '../machine/engine-error.js';
import { ImageBuilder } from '../machine/images.js';
import { prepare, type Prepared, type PrepareOptions } from '../prepare.js';
import { type Counts, countGoTests, runChecks, runJest, seconds } from '../test-runs.js';
import { destroyCommand } from './destroy.js';
import { bringUp } from './start.js';

export interface TestOptions extends PrepareOptions {
  readonly offline?: boolean;
  readonly requireEngine?: boolean;
  readonly keep?: boolean;
  readonly only?: string;
  /** Measure instead: see test/bench. */
  readonly bench?: boolean;
  readonly instance?: string;
}

/** Images whose Dockerfile has a stage `test` that runs their Go tests. */
const GO_IMAGES = ['images/api', 'images/es-node', 'images/log-tools', 'images/redis'];

/** A disk that is soon full. */
const SMALL_DISK = ['--tmpfs', '/full:size=1m,mode=1777'];

/**
 * Offline tests, the images' Go tests, and the deployed tests against a platform of their own.
 * @returns 0 if nothing failed; the last line printed is `N passed, N failed, N skipped`
 */
export async function testCommand(options: TestOptions): Promise<number> {
  const all = options.only === undefined && !options.bench;
  const context = createContext({ env: 'test', instance: options.instance });
  const prepared = options.offline ? undefined : await prepareIfPossible(context, options);
  // Beside the rest: they wait for real servers most of the time.
  const goTests = prepared && all ? runGoTests(prepared) : Promise.resolve([]);
  goTests.catch(() => undefined);
  const results: Counts[] = [];
  if (all) {
    const started = Date.now();
    results.push(...(await runChecks()), await runJest('offline'));
    console.log(`offline part [${seconds(started)}]\n`);
  }
  if (prepared) results.push(await runDeployed(context, options), ...(await goTests));
  else if (!options.offline) results.push({ passed: 0, failed: 0, skipped: 1 });
  const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

async function prepareIfPossible(context: Context, options: TestOptions): Promise<Prepared | undefined> {
  try {
    return await prepare(context, options);
  } catch (error) {
    if (options.requireEngine || !(error instanceof EngineError)) throw error;
    console.log(`skipped: the Go tests and the deployed tests, as there is no engine: ${error.message}`);
    return undefined;
  }
}

/** Nobody keeps data in the test environment: what a run that was broken off left there goes first. */
async function runDeployed(context: Context, options: TestOptions): Promise<Counts> {
  const removal = { ...options, deleteData: true, yes: true };
  await destroyCommand(context, removal);
  const started = Date.now();
  try {
    const lacking = await bringUp(context, options);
    if (lacking) throw lacking;
    return await runJest(
      options.bench ? 'bench' : 'deployed',
      { PLATFORM_ENV: 'test', PLATFORM_INSTANCE: options.instance ?? '' },
      options.only,
    );
  } finally {
    console.log(`deployed part [${seconds(started)}]`);
    if (!options.keep) await destroyCommand(context, removal);
  }
}

/** In containers of the images' test stage: with the toolchain that builds the images, on any host. */
async function runGoTests({ engine, sources }: Prepared): Promise<Counts[]> {
  const builder = new ImageBuilder(engine, sources.images);
  return Promise.all(
    GO_IMAGES.map(async (folder) => {
      const tag = await builder.ensureTests(folder);
      return runGoTestsOf(folder, tag, engine);
    }),
  );
}

async function runGoTestsOf(folder: string, tag: string, engine: Engine): Promise<Counts> {
  const started = Date.now();
  const { all } = await execa(findDocker(), ['run', '--rm', '--init', ...SMALL_DISK, tag], {
    reject: false,
    all: true,
    env: engine.environment,
  });
  const { notable, ...counts } = countGoTests(all);
  if (counts.passed + counts.failed === 0) {
    throw new PlatformError({
      what: `the Go tests of ${folder} did not run`,
      got: `\n${all}\n`,
      fix: 'Mend what it says.',
    });
  }
  const sign = counts.failed === 0 ? '✔' : '✖';
  console.log(
    `${sign} Go tests of ${folder}, with the race detector: ${counts.passed} passed, ${counts.failed} failed, ` +
      `${counts.skipped} skipped [${seconds(started)}]\n${notable}`,
  );
  return counts;
}
