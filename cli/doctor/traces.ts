import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { splitDeploymentName } from '../../constructs/core/deployment.js';
import { NOBODY, readSite } from '../../environments/site.js';
import { type Context, deploymentPaths } from '../context.js';
import { otherHome } from '../deployment/home-engine.js';
import type { Engine } from '../engine/engine.js';
import { isUserError } from '../bootstrap/programs.mjs';
import type { Project } from '../project.js';
import { nameOf } from '../status/containers.js';
import { readTerraformState } from '../terraform/state.js';
import { isClaim, isDeadClaim } from './strays.js';

/** What there is of a deployment of this checkout: in its folder, and on the engine. */
export interface DeploymentTrace {
  readonly name: string;
  /** Below `.platform`. */
  readonly folder: 'none' | 'empty' | 'there';
  /** Names of containers and networks that the state lists, and that the engine does not have. */
  readonly missing: readonly string[];
  /** Names of what the engine has, and the state does not list. */
  readonly unrecorded: readonly string[];
  /** A command works on it just now. */
  readonly busy: boolean;
  /** Why the state cannot be read. */
  readonly damage: string | undefined;
}

interface OnEngine {
  readonly id: string;
  readonly name: string;
  readonly deployment: string;
  readonly owner: string;
}

/**
 * Deployments of other engines are left out: what is missing here may be there.
 * @throws PlatformError if the site cannot be read
 */
export async function findTraces(
  context: Context,
  engine: Pick<Engine, 'docker' | 'id' | 'host'>,
): Promise<DeploymentTrace[]> {
  const { project } = context;
  const folders = foldersOf(project);
  const { owner } = readSite(project.folder);
  const all = await labelled(engine);
  const own = owner === NOBODY ? [] : all.filter((one) => one.owner === owner).map(({ deployment }) => deployment);
  return [...new Set([...folders, ...own])].sort().flatMap((name) => {
    const other: Context = { ...context, name, paths: deploymentPaths(project.folder, name) };
    if (otherHome(other, engine) !== undefined) return [];
    return [
      traceOf(
        other,
        all.filter((one) => one.deployment === name),
        owner,
      ),
    ];
  });
}

function traceOf({ name, paths }: Context, onEngine: readonly OnEngine[], owner: string): DeploymentTrace {
  const folder = !existsSync(paths.folder) ? 'none' : readdirSync(paths.folder).length === 0 ? 'empty' : 'there';
  const busy = isLocked(`${paths.folder}.lock`);
  try {
    const recorded = (readTerraformState(paths.state)?.resources ?? []).filter(({ type }) =>
      ['docker_container', 'docker_network'].includes(type),
    );
    const here = new Set(onEngine.map(({ id }) => id));
    const known = new Set(recorded.map(({ id }) => id));
    return {
      name,
      folder,
      missing: recorded.filter(({ id }) => !here.has(id)).map((resource) => resource.name),
      unrecorded: onEngine.filter((one) => one.owner === owner && !known.has(one.id)).map((one) => one.name),
      busy,
      damage: undefined,
    };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { name, folder, missing: [], unrecorded: [], busy, damage: error.message };
  }
}

/** @param lock see `withDeployment` */
function isLocked(lock: string): boolean {
  return readdirSync(dirname(lock)).some(
    (name) => name.startsWith(`${basename(lock)}.`) && isClaim(name) && !isDeadClaim(join(dirname(lock), name)),
  );
}

/** Of deployments: there are others too, as of backups. */
function foldersOf({ folder: checkout, environments }: Project): string[] {
  const folder = join(checkout, '.platform');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => environments.some((one) => one.name === splitDeploymentName(name).environment));
}

async function labelled({ docker }: Pick<Engine, 'docker'>): Promise<OnEngine[]> {
  const filters = { label: ['redis-platform.deployment'] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  return [
    ...containers.map(({ Id, Names, Labels }) => ({ id: Id, name: nameOf(Names), ...labelsOf(Labels) })),
    ...networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, ...labelsOf(Labels) })),
  ];
}

function labelsOf(labels: Readonly<Record<string, string>> | null | undefined) {
  return {
    deployment: labels?.['redis-platform.deployment'] ?? '',
    owner: labels?.['redis-platform.owner'] ?? '',
  };
}
