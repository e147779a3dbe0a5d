import { PlatformError } from '../../constructs/core/platform-error.js';
import { findProgram } from '../bootstrap/programs.mjs';

/**
 * Docker's command line: it builds with whatever builder the engine has, and knows the logins of private registries.
 * @throws PlatformError if there is none
 */
export function findDocker(): string {
  const docker = findProgram('docker');
  if (docker !== undefined) return docker;
  throw new PlatformError({
    what: 'the program `docker` is not on the PATH',
    fix:
      process.platform === 'linux'
        ? 'Install it (on Debian and Ubuntu: `sudo apt-get install docker.io`, or docker-cli) and run the command again.'
        : 'It comes with Docker Desktop: start that once, open a new terminal and run the command again.',
  });
}
