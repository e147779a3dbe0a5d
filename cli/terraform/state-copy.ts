import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import { isWholeState, stateCopyOf } from './state.js';

/**
 * Before Terraform changes anything: it writes its state in place, so one that is killed, or loses power, can leave an empty file.
 * The copy is then the state from which it began, and what it made since is a leftover on the engine.
 */
export function copyState(state: string): void {
  const text = existsSync(state) ? readFileSync(state, 'utf8') : nothingDeployed();
  if (isWholeState(text)) writeWhole(stateCopyOf(state), text, { mode: 0o600 });
}

/**
 * Puts the copy in the place of a state that is empty or cut off. Only for who holds the deployment's lock, when no Terraform runs.
 * @returns whether it did
 */
export function restoreState(state: string): boolean {
  const copy = stateCopyOf(state);
  // One that was deleted on purpose stays deleted.
  if (!existsSync(state) || !existsSync(copy) || isWholeState(readFileSync(state, 'utf8'))) return false;
  writeWhole(state, readFileSync(copy), { mode: 0o600 });
  return true;
}

interface StateText {
  readonly serial?: number;
  readonly resources?: readonly { readonly instances: readonly { readonly attributes?: { readonly id?: string } }[] }[];
}

/**
 * Once what it lists is gone from the engine.
 * @param kept the engine's ids of what is not
 */
export function recordRemoval(state: string, kept: readonly string[] = []): void {
  if (!existsSync(state)) return;
  const { serial = 0, resources = [], ...rest } = JSON.parse(readFileSync(state, 'utf8')) as StateText;
  const left = resources.filter(({ instances }) =>
    instances.some(({ attributes }) => kept.includes(attributes?.id ?? '')),
  );
  const text = JSON.stringify(
    { ...rest, serial: serial + 1, outputs: {}, resources: left, check_results: null },
    null,
    2,
  );
  writeWhole(state, `${text}\n`, { mode: 0o600 });
}

/** A state like any other, so that the first start of all can be cut off too. */
function nothingDeployed(): string {
  return `${JSON.stringify({ version: 4, serial: 0, lineage: randomUUID(), outputs: {}, resources: [] }, null, 2)}\n`;
}
