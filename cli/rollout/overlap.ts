import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { secretsIn } from '../../constructs/core/secret.js';
import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import type { DeploymentPaths } from '../context.js';
import { readSecret } from '../deployment/secrets.js';
import { beginOverlap, secretValues, settleSecrets } from '../deployment/secrets-in-use.js';
import { runInContainer } from './run-in-container.js';

/** A service that can be told which passwords to accept. */
interface Doorkeeper extends TopologyService {
  readonly logins: NonNullable<TopologyService['logins']>;
}

export function doorkeepers(topology: Topology): Doorkeeper[] {
  return topology.services.filter((service): service is Doorkeeper => service.logins !== null);
}

/** The changed secrets of which old and new are accepted side by side. */
export function withOverlap(changed: readonly string[], topology: Topology): string[] {
  const accepted = new Set(doorkeepers(topology).flatMap(({ logins }) => Object.values(logins.users)));
  return changed.filter((name) => accepted.has(name));
}

/**
 * The changed secrets of which old and new cannot be accepted side by side: several containers use them, and nobody can be
 * told. Those that supporting services use disturb no client: it does without them.
 */
export function withoutOverlap(changed: readonly string[], topology: Topology): string[] {
  const accepted = new Set(withOverlap(changed, topology));
  return changed.filter((name) => {
    if (accepted.has(name)) return false;
    const users = topology.services.filter(({ files }) => files.some(({ text }) => secretsIn(text).includes(name)));
    if (users.some(({ supporting }) => supporting)) return false;
    return users.reduce((sum, { instances }) => sum + instances.length, 0) > 1;
  });
}

/**
 * Tells containers to accept old and new passwords, so that those with the old ones and those with the new ones get on. Harmless if repeated.
 * @param only short names; those that do not run are left out. @default all that run
 * @throws PlatformError if one of them cannot be told
 */
export async function acceptOldAndNew(
  docker: Docker,
  topology: Topology,
  paths: DeploymentPaths,
  only: (instance: string) => boolean,
): Promise<void> {
  beginOverlap(paths);
  await tellAll(docker, topology, paths, (name) => secretValues(paths, name), only);
}

/**
 * Tells all containers to refuse old passwords, once nobody uses them any more.
 * @throws PlatformError if one of them cannot be told
 */
export async function refuseOld(docker: Docker, topology: Topology, paths: DeploymentPaths): Promise<void> {
  await tellAll(
    docker,
    topology,
    paths,
    (name) => [readSecret(paths, name)],
    () => true,
  );
  settleSecrets(topology, paths);
}

async function tellAll(
  docker: Docker,
  topology: Topology,
  paths: DeploymentPaths,
  valuesOf: (secret: string) => readonly string[],
  only: (instance: string) => boolean,
): Promise<void> {
  const telling = doorkeepers(topology).flatMap(({ logins, instances }) => {
    const { command, admin, users } = logins;
    const text = JSON.stringify({
      // Whatever it runs with, one of these lets us in.
      admin: { username: admin, passwords: secretValues(paths, users[admin] ?? '') },
      users: Object.fromEntries(Object.entries(users).map(([user, secret]) => [user, valuesOf(secret).map(sha256)])),
    });
    return instances
      .filter(({ name }) => only(name))
      .map(async ({ name, container }) => {
        const { exitCode, output } = await runInContainer(docker, container, command, `${text}\n`);
        return exitCode === 0 ? [] : [{ name, output }];
      });
  });
  const failures = (await Promise.all(telling)).flat();
  if (failures.length === 0) return;
  throw PlatformError.all(
    failures.map(({ name, output }) => ({
      what: `${name} cannot be told which passwords to accept`,
      got: output.trim(),
      allowed: 'containers that run, of an image that has the command',
      fix: 'Nothing was replaced in this step. See `npm run status`, then run `npm start` again. Or replace all at once: `npm run down`, `npm start`; data stays.',
    })),
  );
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
