import { execa } from 'execa';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { createContext } from '../context.js';
import { findDocker } from '../machine/docker-cli.js';
import type { Engine } from '../machine/engine.js';
import { EngineError } from '../machine/engine-error.js';
import { ImageBuilder } from '../machine/images.js';
import { prepare, type Prepared, type PrepareOptions } from '../prepare.js';
import { runSteps } from '../steps.js';
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
const GO_IMAGES = ['images/api', 'images/redis'];

/**
 * Offline tests, then the images' Go tests and the deployed tests against a platform of their own.
 * @returns 0 if nothing failed; the last line printed is `N passed, N failed, N skipped`
 */
export async function testCommand(options: TestOptions): Promise<number> {
  const results: Counts[] = [];
  if (options.only === undefined && !options.bench) {
    const started = Date.now();
    results.push(...(await runChecks()), await runJest('offline'));
    console.log(`offline part [${seconds(started)}]\n`);
  }
  if (!options.offline) results.push(...(await testOnEngine(options)));
  const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

async function testOnEngine(options: TestOptions): Promise<Counts[]> {
  // A run that was broken off may have left its platform; nobody keeps data there.
  const context = createContext({ env: 'test', instance: options.instance });
  let prepared: Prepared;
  try {
    prepared = await prepare(context, options);
  } catch (error) {
    if (options.requireEngine || !(error instanceof EngineError)) throw error;
    console.log(`skipped: the Go tests and the deployed tests, as there is no engine: ${error.message}`);
    return [{ passed: 0, failed: 0, skipped: 1 }];
  }
  const goTests = options.only === undefined && !options.bench ? await runGoTests(prepared, options) : [];
  await destroyCommand(context, { ...options, deleteData: true, yes: true });
  const started = Date.now();
  try {
    await bringUp(context, options);
    const deployed = await runJest(
      options.bench ? 'bench' : 'deployed',
      { PLATFORM_ENV: 'test', PLATFORM_INSTANCE: options.instance ?? '' },
      options.only,
    );
    console.log(`deployed tests [${seconds(started)}]`);
    return [...goTests, deployed];
  } finally {
    if (!options.keep) await destroyCommand(context, { ...options, deleteData: true, yes: true });
  }
}

/** In containers of the images' test stage: with the toolchain that builds the images, on any host. */
async function runGoTests(prepared: Prepared, options: TestOptions): Promise<Counts[]> {
  const builder = new ImageBuilder(prepared.engine, prepared.sources.images);
  let results: Counts[] = [];
  await runSteps(options, [
    {
      title: `Build the Go tests of ${GO_IMAGES.join(' and ')}`,
      run: (say) => Promise.all(GO_IMAGES.map((folder) => builder.ensureTests(folder, say))),
    },
    {
      title: 'Run them, with the race detector',
      // Side by side: they wait for real servers most of the time.
      run: async () => {
        results = await Promise.all(
          GO_IMAGES.map(async (folder) => runGoTestsOf(folder, await builder.ensureTests(folder), prepared.engine)),
        );
      },
    },
  ]);
  return results;
}

async function runGoTestsOf(folder: string, tag: string, engine: Engine): Promise<Counts> {
  const { all } = await execa(findDocker(), ['run', '--rm', '--init', tag], {
    reject: false,
    all: true,
    env: engine.environment,
  });
  const { notable, ...counts } = countGoTests(all);
  if (notable !== '') console.log(notable);
  if (counts.passed + counts.failed > 0) return counts;
  throw new PlatformError({
    what: `the Go tests of ${folder} did not run`,
    got: `\n${all}\n`,
    fix: 'Mend what it says.',
  });
}
