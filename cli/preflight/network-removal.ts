import type { Engine } from '../engine/engine.js';
import type { Problem } from '../../constructs/core/platform-error.js';
import { membersOf } from './network-members.js';

/**
 * Whether the engine refuses to remove a network though nobody is in it: engines before 23 count an endpoint that does not exist now and then.
 * Who joins it later is not disturbed by that.
 */
export async function isLeaked(engine: Pick<Engine, 'docker'>, name: string, error: unknown): Promise<boolean> {
  return isInUse(error) && (await membersOf(engine, name)).length === 0;
}

export function leakedNetwork(name: string): Problem {
  return {
    what: `the network ${name} cannot be removed`,
    got: 'the engine counts endpoints that do not exist, as engines before 23 sometimes do',
    fix: 'Restart the engine (`sudo systemctl restart docker`, or Restart in Docker Desktop), then run the command again. Data volumes stay.',
  };
}

/** Why a network cannot be removed, and what to do: the engine's own words leave the second out. */
export async function networkRemovalProblem(
  engine: Pick<Engine, 'docker'>,
  name: string,
  error: unknown,
): Promise<Problem> {
  const what = `the network ${name} cannot be removed`;
  if (!isInUse(error))
    return { what, got: textOf(error), fix: `Run \`docker network rm ${name}\`, then the command again.` };
  const members = (await membersOf(engine, name)).map((member) => member.name);
  if (members.length === 0) return leakedNetwork(name);
  const commands = members.map((member) => `\`docker network disconnect -f ${name} ${member}\``).join(', ');
  return { what, got: `members ${members.join(', ')}`, fix: `Run ${commands}, then the command again.` };
}

function isInUse(error: unknown): boolean {
  return textOf(error).includes('has active endpoints');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
