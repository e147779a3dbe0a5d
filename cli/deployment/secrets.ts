import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { fillIn } from '../../constructs/core/secret.js';
import type { Topology } from '../../constructs/core/topology.js';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import type { DeploymentPaths } from '../context.js';

/** 256 bits, in characters that no configuration language gives a meaning. */
const SECRET_BYTES = 32;

/** For nobody else's eyes. */
const PRIVATE = { mode: 0o600 };

/**
 * Creates the secrets that are missing and fills in the secret files, for Terraform to upload. Deleting a secret's file
 * rotates it: the next start makes a new one and replaces the containers that use it.
 * @throws PlatformError if a secret cannot be read or is empty
 */
export function prepareSecrets(topology: Topology, paths: DeploymentPaths): void {
  const fill = secretFiller(topology.secrets, paths);
  for (const service of topology.services) {
    for (const file of service.files.filter(({ secret }) => secret)) {
      writeWhole(join(paths.files, service.name, ...file.path.split('/')), fill(file.text), PRIVATE);
    }
  }
}

/**
 * Creates the secrets that are missing.
 * @param names of those that texts may refer to
 * @returns what puts their values into a text
 * @throws PlatformError if one cannot be read or is empty
 */
export function secretFiller(names: readonly string[], paths: DeploymentPaths): (text: string) => string {
  const values = new Map(names.map((name) => [name, ensureSecret(paths, name)]));
  return (text) =>
    fillIn(text, (form, name) => {
      const value = values.get(name) ?? '';
      return form === 'sha256' ? createHash('sha256').update(value).digest('hex') : value;
    });
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
  if (!existsSync(file)) writeWhole(file, randomBytes(SECRET_BYTES).toString('base64url'), PRIVATE);
  return readSecret(paths, name);
}
