import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import type { DeploymentPaths } from '../context.js';
import { readSecret } from './secrets.js';

/**
 * A secret's file says which value is declared; it may be another one than what runs was made with. This record has all
 * values that something which runs may use, so that old and new can accept each other until a change is through.
 */
const Record = z.object({
  /** By secret; the newest first. */
  values: z.record(z.string(), z.array(z.string())),
  /** Containers were told to accept old values besides the new ones, and not yet to refuse them again. */
  overlapping: z.boolean(),
});
type Record = z.output<typeof Record>;

/** For nobody else's eyes. */
const PRIVATE = { mode: 0o600 };

/** Whether anything was ever made with secrets that are recorded: plain `cdktf deploy` records none. */
export function secretsRecorded({ secretsInUse }: DeploymentPaths): boolean {
  return existsSync(secretsInUse);
}

/** Before anything is made with the secrets of now. */
export function recordSecrets(topology: Topology, paths: DeploymentPaths): void {
  const { values, overlapping } = read(paths);
  const now = topology.secrets.map((name) => [name, accepted(name, values[name], paths)] as const);
  write(paths, { values: { ...values, ...Object.fromEntries(now) }, overlapping });
}

/** Once everything that runs uses the secrets of now. */
export function settleSecrets(topology: Topology, paths: DeploymentPaths): void {
  const values = Object.fromEntries(topology.secrets.map((name) => [name, [readSecret(paths, name)]]));
  write(paths, { values, overlapping: false });
}

/** Before containers are told to accept old values. */
export function beginOverlap(paths: DeploymentPaths): void {
  write(paths, { ...read(paths), overlapping: true });
}

export function isOverlapping(paths: DeploymentPaths): boolean {
  return read(paths).overlapping;
}

/** Every value that the secret may have in what runs, the declared one first. */
export function secretValues(paths: DeploymentPaths, name: string): readonly string[] {
  return accepted(name, read(paths).values[name], paths);
}

/** The secrets that something which runs may use another value of than the declared one. */
export function changedSecrets(topology: Topology, paths: DeploymentPaths): readonly string[] {
  const { values } = read(paths);
  return topology.secrets.filter((name) => accepted(name, values[name], paths).length > 1);
}

function accepted(name: string, recorded: readonly string[] = [], paths: DeploymentPaths): string[] {
  return [...new Set([readSecret(paths, name), ...recorded])];
}

function read({ secretsInUse: file }: DeploymentPaths): Record {
  if (!existsSync(file)) return { values: {}, overlapping: false };
  try {
    return Record.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The cause would quote the text, and so the secrets.
    throw new PlatformError({
      what: 'the record of the secrets in use cannot be read',
      got: file,
      allowed: 'what an earlier command wrote there',
      fix: 'Remove the file. If a password was just changed, run `npm run down` and `npm start`: data stays.',
    });
  }
}

function write({ secretsInUse }: DeploymentPaths, record: Record): void {
  writeJson(secretsInUse, record, PRIVATE);
}
