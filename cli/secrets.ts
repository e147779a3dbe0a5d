import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlatformError } from '../constructs/core/platform-error.js';
import { fillIn } from '../constructs/core/secret.js';
import type { Topology } from '../constructs/core/topology.js';
import type { DeploymentPaths } from './context.js';

/** 256 bits, in characters that no configuration language gives a meaning. */
const SECRET_BYTES = 32;

/**
 * Creates the secrets that are missing and fills in the secret files, for Terraform to upload. Deleting a secret's file
 * rotates it: the next start makes a new one and replaces the containers that use it.
 * @throws PlatformError if a secret cannot be read or is empty
 */
export function prepareSecrets(topology: Topology, paths: DeploymentPaths): void {
  const values = new Map(topology.secrets.map((name) => [name, ensureSecret(paths, name)]));
  for (const service of topology.services) {
    for (const file of service.files.filter(({ secret }) => secret)) {
      const path = join(paths.files, service.name, ...file.path.split('/'));
      const text = fillIn(file.text, (form, name) => {
        const value = values.get(name) ?? '';
        return form === 'sha256' ? createHash('sha256').update(value).digest('hex') : value;
      });
      writePrivate(path, text);
    }
  }
}

/** @throws PlatformError if it does not exist or cannot be read */
export function readSecret(paths: DeploymentPaths, name: string): string {
  const file = join(paths.secrets, name);
  let value: string;
  try {
    value = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new PlatformError(
      {
        what: `the secret ${name} cannot be read`,
        got: cause instanceof Error ? cause.message : String(cause),
        allowed: 'a file that you may read',
        fix: `Give yourself read access to .platform secrets/${name}, or delete it: \`npm start\` makes a new one.`,
      },
      { cause },
    );
  }
  if (!/^[\x21-\x7e]{16,}$/.test(value) || /["'\\{}$#]/.test(value)) {
    throw new PlatformError({
      what: `the secret ${name} cannot be used`,
      got: `${value.length} characters`,
      allowed: 'at least 16 printable characters without spaces, quotes, backslashes and {}$#',
      fix: `Delete the file secrets/${name} of the deployment: \`npm start\` makes a new one.`,
    });
  }
  return value;
}

function ensureSecret(paths: DeploymentPaths, name: string): string {
  const file = join(paths.secrets, name);
  if (!existsSync(file)) writePrivate(file, randomBytes(SECRET_BYTES).toString('base64url'));
  return readSecret(paths, name);
}

/** Whole or not at all, and for nobody else's eyes. Unchanged files keep their time stamps. */
function writePrivate(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
