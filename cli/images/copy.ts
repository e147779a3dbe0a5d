import { execa } from 'execa';
import { findDocker } from '../engine/docker-cli.js';
import type { Engine } from '../engine/engine.js';

/**
 * Gives an engine images that another one has, under the same names.
 * @throws what Docker's command line said if one of them is not there
 */
export async function copyImages(from: Engine, to: Engine, references: readonly string[]): Promise<void> {
  const docker = findDocker();
  await execa(docker, ['save', ...references], { env: from.environment, buffer: { stdout: false } }).pipe(
    docker,
    ['load', '--quiet'],
    { env: to.environment },
  );
}
