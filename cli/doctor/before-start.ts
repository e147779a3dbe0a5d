import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { Engine } from '../engine/engine.js';
import { diagnose } from './check.js';
import { engineChecks } from './engine-checks.js';
import type { StartFacts } from './facts.js';
import { gatherStartFacts } from './gather-start.js';
import { cheapMachineChecks } from './machine-checks.js';

/** What a user should know of this machine before relying on the platform's promises there. */
export async function notesBeforeStart(project: string, engine: Engine, topology: Topology): Promise<string[]> {
  return notesOf(await gatherStartFacts(project, { value: engine }, topology));
}

/** A line for each: whole for what will fail, else in a few words, as there are several on most machines and none stops a start. */
export function notesOf(facts: StartFacts): string[] {
  const findings = diagnose([...engineChecks, ...cheapMachineChecks], facts).flatMap((one) => one.findings);
  const bad = findings.flatMap((finding) => (finding.level === 'bad' ? [new PlatformError(finding).message] : []));
  const notes = findings.flatMap((finding) => (finding.level === 'note' ? [inShort(finding)] : []));
  return [...bad, ...notes, ...(notes.length > 0 ? ['`npm run doctor` says what to do about each.'] : [])];
}

function inShort({ what, got }: Problem): string {
  return got === undefined ? what : `${what} (${typeof got === 'string' ? got : JSON.stringify(got)})`;
}
