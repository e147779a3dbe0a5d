import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HERE } from '../bootstrap/lock.mjs';
import { isRunning, stillRuns } from '../bootstrap/process-identity.mjs';
import { parseJson } from '../bootstrap/programs.mjs';

/** A file that a command which was ended half-way left behind, and that holds nothing. */
export interface Stray {
  readonly path: string;
  readonly kind: 'draft' | 'lock';
}

/** Processes of another system that shares the folder cannot be asked; none takes this long over a draft. */
const DRAFT_MS = 3_600_000;
const DEPTH = 4;

/** Below `.platform` of a checkout. */
export function findStrays(folder: string, now = Date.now()): Stray[] {
  return look(folder, DEPTH, now);
}

function look(folder: string, depth: number, now: number): Stray[] {
  return entriesOf(folder).flatMap((entry): Stray[] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 1 ? look(path, depth - 1, now) : [];
    if (isOldDraft(path, now)) return [{ path, kind: 'draft' }];
    return isClaim(path) && isDeadClaim(path) ? [{ path, kind: 'lock' }] : [];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not there, or gone just now.
    return [];
  }
}

/** As `writeWhole` names them. */
function isOldDraft(path: string, now: number): boolean {
  const pid = /\.(\d+)\.new$/.exec(path)?.[1];
  if (pid === undefined || isRunning(Number(pid))) return false;
  try {
    return now - statSync(path).mtimeMs > DRAFT_MS;
  } catch {
    return false;
  }
}

/** As `withLock` names them. */
export function isClaim(path: string): boolean {
  return /\.\d+-[0-9a-f]{12}$/.test(path);
}

/** Whoever takes the lock next removes it as well. */
export function isDeadClaim(path: string): boolean {
  try {
    const holder = parseJson(readFileSync(path, 'utf8')) as { pid: number; started: string; host: string };
    return holder.host === HERE && stillRuns(holder) === false;
  } catch {
    // Released just now, or none of ours.
    return false;
  }
}
