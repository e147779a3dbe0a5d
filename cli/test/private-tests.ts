import { rmSync } from 'node:fs';
import { type Context, createContext } from '../context.js';
import { copyImages } from '../images/copy.js';
import { type EngineVersion, withPrivateEngine } from '../engine/private-engine/index.js';
import type { PrepareOptions, Session } from '../session/session.js';
import { type Counts, newReport, readReport, seconds } from './test-runs.js';

export interface PrivateTestOptions extends PrepareOptions {
  readonly only?: string;
  readonly bench?: boolean;
  readonly rerunFailed?: boolean;
}

/**
 * Deploys on an engine of its own and runs the deployed tests there, as a command within its network. Images are copied from the engine
 * that is here: the other one reaches no registry and no mirror.
 * @param context of the test environment, whose lock the caller holds
 */
export async function runOnPrivateEngine(
  version: EngineVersion,
  context: Context,
  { engine: here, images, sources }: Session,
  options: PrivateTestOptions,
): Promise<Counts> {
  const project = options.bench ? 'bench' : 'deployed';
  const instance = `engine${version}`;
  const started = Date.now();
  newReport(project);
  // The engine is gone with all that it held, also that of a run that was killed: a state that lists it would be taken for a deployment.
  const forget = () => {
    rmSync(createContext(context.project, { env: context.environment.name, instance }).paths.folder, {
      recursive: true,
      force: true,
    });
  };
  forget();
  const exitCode = await withPrivateEngine(
    version,
    async ({ engine, run }) => {
      await copyImages(here, engine, images);
      console.log(`engine ${engine.version} runs, with the images of this machine's [${seconds(started)}]`);
      return run(process.execPath, [
        ...['bootstrap.mjs', 'test', '--instance', instance, '--only', options.only ?? 'test'],
        ...['--require-engine', '--no-install', '--images', sources.images, '--provider', sources.provider],
        ...(options.bench ? ['--bench'] : []),
        ...(options.rerunFailed ? ['--rerun-failed'] : []),
        ...(options.frozen ? ['--frozen'] : []),
        ...(options.verbose ? ['--verbose'] : []),
      ]);
    },
    (deed) => {
      console.log(`engine ${version}: ${deed}`);
    },
  ).finally(forget);
  console.log(`on engine ${version} [${seconds(started)}]`);
  const counts = readReport(project, options.only);
  return counts.failed === 0 && exitCode !== 0 ? { ...counts, failed: 1 } : counts;
}
