import { notesBeforeStart } from '../doctor/before-start.js';
import { lockNote } from '../lock/drift.js';
import { checkBeforeStart } from '../preflight/index.js';
import { sayNote } from '../terminal/note.js';
import { declaredVolumes, registeredVolumes } from '../deployment/volumes.js';
import type { DeclaredSession } from '../session/session.js';

/**
 * Looks before anything is changed, and says what is worth a note.
 * @throws PlatformError with all that would stop the start
 */
export async function check(session: DeclaredSession): Promise<void> {
  const { context, engine, topology } = session;
  for (const found of await notesBeforeStart(context.project.folder, engine, topology)) sayNote(found);
  const unlocked = lockNote(topology);
  if (unlocked !== undefined) sayNote(unlocked);
  await checkBeforeStart(session);
  const { found, missing } = await compareVolumes(session);
  if (found.length > 0) {
    sayNote(
      `data volumes of ${context.name} exist that this checkout did not make; their data is used: ${found.join(', ')}. ` +
        'For a deployment of its own, use --instance NAME.',
    );
  }
  if (missing.length > 0) {
    sayNote(
      `data volumes of ${context.name} are not there and begin empty: ${missing.join(', ')}. ` +
        'Unless a run was interrupted before it made them, somebody removed them, with their data (`docker volume prune` does).',
    );
  }
}

/** Data volumes of the declaration, as they are on the engine and as this checkout knows them. */
interface VolumeFindings {
  /** There without this checkout having made them: another one did, or `.platform` was deleted since. */
  readonly found: readonly string[];
  /** This checkout made them, or was about to, and they are not there. */
  readonly missing: readonly string[];
}

async function compareVolumes({ context, engine, topology }: DeclaredSession): Promise<VolumeFindings> {
  const { Volumes } = await engine.docker.listVolumes();
  const present = new Set(Volumes.map(({ Name }) => Name));
  const registered = new Set(registeredVolumes(context.paths));
  const declared = declaredVolumes(topology);
  return {
    found: declared.filter((name) => present.has(name) && !registered.has(name)),
    missing: declared.filter((name) => !present.has(name) && registered.has(name)),
  };
}
