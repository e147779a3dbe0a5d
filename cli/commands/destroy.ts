import { PlatformError } from '../../constructs/core/platform-error.js';
import { removeFolder } from '../../constructs/core/whole-file.mjs';
import { UNPREPARED_SITE } from '../../environments/site.js';
import type { Context } from '../context.js';
import { connectEngine } from '../engine/engine.js';
import { removeDeployment } from '../start/remove.js';
import type { PrepareOptions } from '../session/session.js';
import { ask } from '../terminal/ask.js';
import { changeSite } from '../deployment/site.js';
import { registeredVolumes } from '../deployment/volumes.js';

export interface DestroyOptions extends PrepareOptions {
  readonly deleteData?: boolean;
  readonly yes?: boolean;
}

/** Like down; with `deleteData` also the data volumes, secrets and state, after a question. */
export async function destroyCommand(context: Context, options: DestroyOptions): Promise<number> {
  const volumes = registeredVolumes(context.paths);
  if (!(await agreed(context, options, volumes))) {
    console.log('Nothing was removed.');
    return 1;
  }
  await removeDeployment(context, options);
  if (!options.deleteData) {
    console.log(
      `${context.name} is removed. Its data is kept in ${volumes.length} volumes; --delete-data removes them.`,
    );
    return 0;
  }
  await deleteVolumes(volumes);
  await forgetDeployment(context);
  console.log(`${context.name} is removed, with its data (${volumes.length} volumes) and its secrets.`);
  return 0;
}

async function agreed(context: Context, options: DestroyOptions, volumes: readonly string[]): Promise<boolean> {
  if (options.yes) return true;
  const what = options.deleteData
    ? `all containers, networks, secrets and DATA of ${context.name}:\n${volumes.map((name) => `  ${name}\n`).join('')}`
    : `all containers and networks of ${context.name} (data stays)\n`;
  if (!process.stdin.isTTY) {
    throw new PlatformError({
      what: 'destroy asks before it removes anything, and there is no terminal to ask on',
      allowed: 'a terminal, or --yes',
      fix: `Add --yes to remove ${what.trim()}`,
    });
  }
  return (await ask(`This removes ${what}Type the name ${context.name} to go on: `)) === context.name;
}

/** Exactly the registered ones: a prefix would take those of `dev-2` with those of `dev`. */
async function deleteVolumes(names: readonly string[]): Promise<void> {
  const { docker } = await connectEngine();
  for (const name of names) {
    try {
      await docker.getVolume(name).remove();
    } catch (error) {
      // Registered before it was ever created.
      if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error;
    }
  }
}

/** Also frees the subnet and ports of an instance. */
async function forgetDeployment({ project, name, paths }: Context): Promise<void> {
  await changeSite(project.folder, (site = UNPREPARED_SITE) => ({
    ...site,
    deployments: Object.fromEntries(Object.entries(site.deployments).filter(([other]) => other !== name)),
  }));
  for (const folder of [paths.stack, paths.folder]) {
    try {
      removeFolder(folder);
    } catch (cause) {
      throw new PlatformError(
        {
          what: `${name} and its data are removed, but not all of its folder is`,
          got: cause instanceof Error ? cause.message : String(cause),
          allowed: 'a folder of which no program has a file open',
          fix: 'Close the editor or terminal that is in it, and run the command again.',
        },
        { cause },
      );
    }
  }
}
