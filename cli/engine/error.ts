import { release } from 'node:os';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { EngineAddress } from './address.js';
import { hasCode } from '../bootstrap/lock.mjs';

/** Why no engine can be used. */
export class EngineError extends PlatformError {
  /** Nothing listens there, so an engine may be started. */
  readonly absent: boolean;

  constructor(
    readonly address: EngineAddress,
    problem: { what: string; fix: string; absent?: boolean; cause?: unknown },
  ) {
    super({ what: problem.what, fix: `${problem.fix} Then run the command again.` }, { cause: problem.cause });
    this.absent = problem.absent ?? false;
  }
}

export function windowsContainers(address: EngineAddress): EngineError {
  return new EngineError(address, {
    what: 'the Docker engine runs Windows containers, and the platform needs Linux ones',
    fix: 'Choose "Switch to Linux containers" in the menu of Docker Desktop\'s tray icon.',
  });
}

/** @param missing files that are not there */
export function noCertificates(address: EngineAddress, missing: readonly string[]): EngineError {
  return new EngineError(address, {
    what: `the Docker engine at ${address.host} (${address.origin}) is to be reached with TLS, and certificates are not there: ${missing.join(', ')}`,
    fix: 'Set DOCKER_CERT_PATH to the folder that has ca.pem, cert.pem and key.pem, or unset DOCKER_TLS_VERIFY.',
  });
}

export function noSshAgent(address: EngineAddress, platform: NodeJS.Platform = process.platform): EngineError {
  return new EngineError(address, {
    what: `the Docker engine at ${address.host} (${address.origin}) is reached over SSH, and no agent has keys for it: SSH_AUTH_SOCK is not set`,
    fix:
      platform === 'win32'
        ? 'Start the service `ssh-agent`, run `ssh-add`, and set SSH_AUTH_SOCK to \\\\.\\pipe\\openssh-ssh-agent.'
        : 'Run `eval "$(ssh-agent)"` and `ssh-add`.',
  });
}

export function unusableAddress(address: EngineAddress, cause: unknown): EngineError {
  return new EngineError(address, {
    what: `${address.host} (${address.origin}) is no address of a Docker engine, such as tcp://192.0.2.1:2375 or unix:///var/run/docker.sock`,
    fix: chooseAnother(address).replace(/^./, (first) => first.toUpperCase()),
    cause,
  });
}

/** What to do about the reason for which no engine answered. */
export function noAnswer(
  cause: unknown,
  address: EngineAddress,
  platform: NodeJS.Platform = process.platform,
): EngineError {
  const where = `${address.host} (${address.origin})`;
  const said = cause instanceof Error ? cause.message : String(cause);
  if (hasCode(cause, 'EACCES') || hasCode(cause, 'EPERM')) {
    return new EngineError(address, {
      what: `the Docker engine at ${where} does not let this user in`,
      fix:
        platform === 'linux'
          ? 'Add yourself to its group with `sudo usermod -aG docker $USER` and log in again.'
          : 'Start Docker Desktop as this user, or join the group docker-users and log in again.',
      cause,
    });
  }
  if (!/^(unix|npipe):/.test(address.host)) {
    return new EngineError(address, {
      what: `the Docker engine at ${where} does not answer (${said})`,
      fix: `Check that its machine is up, or ${chooseAnother(address)}`,
      cause,
    });
  }
  if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ECONNREFUSED')) {
    const fix = isUsual(address) ? howToStart(platform) : `Start it, or ${chooseAnother(address)}`;
    return new EngineError(address, { what: `no Docker engine runs at ${where}`, fix, absent: true, cause });
  }
  return new EngineError(address, {
    what: `the Docker engine at ${where} does not work (${hasCode(cause, 'ECONNRESET') ? 'it gives no answer' : said})`,
    fix:
      platform === 'linux'
        ? 'Look at its log (`journalctl -u docker`) and restart it.'
        : 'Docker Desktop may still be starting: wait until it says "Engine running".',
    cause,
  });
}

/** Nobody pointed us somewhere else. */
function isUsual({ origin }: EngineAddress): boolean {
  return origin !== 'DOCKER_HOST' && (!origin.startsWith('context ') || /desktop|default/.test(origin));
}

function chooseAnother({ origin }: EngineAddress): string {
  return origin === 'DOCKER_HOST'
    ? 'correct or unset DOCKER_HOST.'
    : 'choose another engine with `docker context use <name>` (`docker context ls` lists them).';
}

function howToStart(platform: NodeJS.Platform): string {
  if (platform === 'win32' || platform === 'darwin') {
    const install = platform === 'win32' ? 'winget install Docker.DockerDesktop' : 'brew install --cask docker';
    return `Start Docker Desktop (\`${install}\` installs it) and wait until it says "Engine running".`;
  }
  if (/microsoft/i.test(release())) {
    return 'Start Docker Desktop and turn on its WSL integration for this distribution (Settings, Resources, WSL integration).';
  }
  return 'Start it with `sudo systemctl start docker`, or install it (on Debian and Ubuntu: `sudo apt-get install docker.io`).';
}
