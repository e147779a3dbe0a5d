import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from './platform.js';

/** The values of all generated secrets by name; each is its own canary. */
export function secretValues({ context }: Platform): ReadonlyMap<string, string> {
  const folder = context.paths.secrets;
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]));
}

/** Names of the secrets in a text, never their values: a failure prints them. */
export function secretsIn(text: string, values: ReadonlyMap<string, string>): string[] {
  return [...values].filter(([, value]) => text.includes(value)).map(([name]) => name);
}
