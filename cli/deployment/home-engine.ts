import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import { recordedIds } from '../terraform/state.js';
import { registeredVolumes } from './volumes.js';

/** On which engine a deployment is. */
export interface HomeEngine {
  /** The engine's own, see `docker info`. */
  readonly id: string;
  /** Where it answered. */
  readonly host: string;
}

/**
 * Whether this is the engine that the deployment is on: on another one its containers and data are missing, and a state that lists
 * them would lose them.
 * @throws PlatformError if not; nothing was touched
 */
export function checkEngine(context: Context, { id, host }: Pick<Engine, 'id' | 'host'>): void {
  const home = otherHome(context, { id });
  if (home === undefined || !leftAnything(context)) return;
  throw new PlatformError({
    what: `${context.name} was deployed on another Docker engine. Nothing was changed`,
    got: `the engine ${id} at ${host}`,
    allowed: `the engine ${home.id}, which answered at ${home.host}`,
    fix:
      `Choose that one (\`docker context use\`, or DOCKER_HOST=${home.host}), or use --instance NAME for a deployment of its own here. ` +
      `If that engine is gone for good, with its data: delete ${fileOf(context)}, and \`npm start\` begins anew on this one.`,
  });
}

/** Where the deployment was made, if that was on another engine than this one. */
export function otherHome(context: Context, { id }: Pick<Engine, 'id'>): HomeEngine | undefined {
  const home = readHome(context);
  return home === undefined || id === '' || home.id === id ? undefined : home;
}

function leftAnything(context: Context): boolean {
  return registeredVolumes(context.paths).length > 0 || recordedIds(context).size > 0;
}

/** Remembers on which engine the deployment is from now on. */
export function recordEngine(context: Context, { id, host }: Pick<Engine, 'id' | 'host'>): void {
  const home: HomeEngine = { id, host };
  if (id !== '') writeJson(fileOf(context), home);
}

function readHome(context: Context): HomeEngine | undefined {
  const file = fileOf(context);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HomeEngine) : undefined;
}

function fileOf({ paths }: Context): string {
  return join(paths.folder, 'engine.json');
}
