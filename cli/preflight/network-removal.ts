import type { Engine } from '../machine/engine.js';
import type { Problem } from '../../constructs/core/platform-error.js';

/** Why a network cannot be removed, and what to do: the engine's own words leave the second out. */
export async function networkRemovalProblem(
  { docker }: Pick<Engine, 'docker'>,
  name: string,
  error: unknown,
): Promise<Problem> {
  const message = error instanceof Error ? error.message : String(error);
  const what = `the network ${name} cannot be removed`;
  if (!hasActiveEndpoints(message))
    return { what, got: message, fix: `Run \`docker network rm ${name}\`, then the command again.` };
  const members = await membersOf(docker, name);
  if (members.length > 0) {
    const commands = members.map((member) => `\`docker network disconnect -f ${name} ${member}\``).join(', ');
    return { what, got: `members ${members.join(', ')}`, fix: `Run ${commands}, then the command again.` };
  }
  return {
    what,
    got: 'the engine counts endpoints that do not exist, as engines before 23 sometimes do',
    fix: 'Restart the engine (`sudo systemctl restart docker`, or Restart in Docker Desktop), then run the command again. Data volumes stay.',
  };
}

/** Also in what Terraform prints when its own removal fails. */
export function hasActiveEndpoints(message: string): boolean {
  return message.includes('has active endpoints');
}

async function membersOf(docker: Engine['docker'], name: string): Promise<string[]> {
  try {
    const { Containers } = (await docker.getNetwork(name).inspect()) as {
      Containers?: Record<string, { Name: string }> | null;
    };
    return Object.values(Containers ?? {}).map((member) => member.Name);
  } catch {
    return [];
  }
}
