import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';

/*
 * Files of services, secrets among them, are in volumes without a name, which go with the last container that mounts
 * them. Where somebody else removes that container (`docker container prune`, `docker system prune`) they stay, and
 * nothing on them says whose they are: so they are remembered.
 */

/** Names that the engine gives to volumes without one. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** Remembers those that the deployment's containers mount now. */
export async function registerConfigVolumes(context: Context, engine: Pick<Engine, 'docker'>): Promise<void> {
  const filters = { label: [`redis-platform.deployment=${context.name}`] };
  const containers = await engine.docker.listContainers({ all: true, filters });
  const mounted = containers.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? []));
  write(context, [...read(context), ...mounted.filter((name) => ANONYMOUS.test(name))]);
}

/** Removes those that no container mounts any more. */
export async function removeConfigVolumes(context: Context, engine: Pick<Engine, 'docker'>): Promise<void> {
  const left: string[] = [];
  for (const name of read(context)) {
    try {
      await engine.docker.getVolume(name).remove();
    } catch (error) {
      const { statusCode } = error as { statusCode?: number };
      if (statusCode === IN_USE) left.push(name);
      else if (statusCode !== GONE) throw error;
    }
  }
  write(context, left);
}

const GONE = 404;
const IN_USE = 409;

function read(context: Context): string[] {
  const file = fileOf(context);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
}

function write(context: Context, names: readonly string[]): void {
  if (names.length > 0 || existsSync(fileOf(context))) writeJson(fileOf(context), [...new Set(names)].sort());
}

function fileOf({ paths }: Context): string {
  return join(paths.folder, 'config-volumes.json');
}
