import type Docker from 'dockerode';
import type { Topology } from '../../constructs/core/topology.js';
import type { ContainerStatus, Finding } from './status.js';

/** A container that the topology declares. */
interface Declared {
  readonly name: string;
  readonly container: string;
  readonly role: ContainerStatus['role'];
  readonly supporting: boolean;
}

/** What the engine says about one container; what `docker inspect` shows, as far as it is used here. */
export interface Inspected {
  readonly RestartCount: number;
  readonly Config?: { readonly Image: string };
  readonly HostConfig?: {
    /** By the container's port, e.g. `6379/tcp`. */
    readonly PortBindings?: Readonly<Record<string, readonly { HostIp?: string; HostPort: string }[]>> | null;
  };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Error?: string | undefined;
    readonly Health?:
      | {
          readonly Status: string;
          readonly Log?: readonly { readonly Output: string; readonly ExitCode?: number }[] | null | undefined;
        }
      | null
      | undefined;
  };
}

export function declaredContainers({ services }: Topology): Declared[] {
  const seeders = services.flatMap(({ name, seeder, supporting }): Declared[] =>
    seeder === null ? [] : [{ name: `${name}-seeder`, container: seeder, role: 'seeder', supporting }],
  );
  const instances = services.flatMap((service) =>
    service.instances.map(({ name, container }): Declared => ({
      name,
      container,
      role: 'service',
      supporting: service.supporting,
    })),
  );
  return [...instances, ...seeders];
}

/** @throws if the engine does not answer */
export async function inspectContainers(engine: Docker, topology: Topology): Promise<ReadonlyMap<string, Inspected>> {
  const filters = { label: [`redis-platform.deployment=${topology.deployment}`] };
  const listed = await engine.listContainers({ all: true, filters });
  const inspected = await Promise.all(
    listed.map(async ({ Id, Names }) => [nameOf(Names), await inspect(engine, Id)] as const),
  );
  return new Map(inspected.flatMap(([name, state]) => (state ? [[name, state] as const] : [])));
}

/** Undefined if the container went away since it was listed. */
async function inspect(engine: Docker, id: string): Promise<Inspected | undefined> {
  try {
    return await engine.getContainer(id).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** The engine lists names with a leading slash, and aliases of links behind the name itself. */
export function nameOf(names: readonly string[]): string {
  return (names.find((name) => name.lastIndexOf('/') === 0) ?? names[0] ?? '').replace(/^\//, '');
}

export function containerStatus(
  { name, container, role, supporting }: Declared,
  inspected: Inspected | undefined,
): { status: ContainerStatus; finding?: Finding } {
  const state = inspected?.State;
  const running = state?.Status === 'running';
  const health = running ? healthOf(state) : null;
  const lasting = running && state.Health?.Log?.at(-1)?.ExitCode === LASTING;
  const well = running && (health === 'healthy' || health === 'none') && !lasting;
  const ok = role === 'seeder' ? state?.Status === 'created' : well;
  const status: ContainerStatus = {
    name,
    container,
    role,
    supporting,
    state: state?.Status ?? 'missing',
    health,
    restarts: inspected?.RestartCount ?? 0,
    startedAt: running ? state.StartedAt : null,
    ok,
  };
  if (ok) return { status };
  if (lasting) return { status, finding: { about: name, problem: describeLasting(status, inspected), lasting } };
  return { status, finding: { about: name, problem: describe(status, inspected) } };
}

/** How a health check ends that knows that nothing changes unless somebody does something (images/redis/blocked.go). */
const LASTING = 3;

/** What the container says itself, with names for what it cannot know. */
function describeLasting({ name, container }: ContainerStatus, inspected?: Inspected): string {
  const said = inspected?.State.Health?.Log?.at(-1)?.Output.trim() ?? '';
  return `${name} ${said}`
    .replaceAll('<this container>', container)
    .replaceAll('<image>', inspected?.Config?.Image ?? '<image>');
}

function healthOf({ Health }: Inspected['State']): NonNullable<ContainerStatus['health']> {
  const health = Health?.Status ?? 'none';
  return health === 'healthy' || health === 'starting' || health === 'unhealthy' ? health : 'none';
}

function describe({ name, container, role, state, health, restarts }: ContainerStatus, inspected?: Inspected): string {
  const logs = `See \`docker logs ${container}\`.`;
  if (state === 'missing') return `${name} is missing. Run \`npm start\`, which creates it again.`;
  if (role === 'seeder') {
    return `${name} is ${state}, but it only holds files and is never started. Run \`docker rm -f ${container}\`, then \`npm start\`.`;
  }
  if (state === 'paused') return `${name} is paused. Run \`docker unpause ${container}\`.`;
  if (state === 'restarting')
    return `${name} keeps ending (${ending(inspected)}) and was restarted ${restarts} times. ${logs}`;
  if (state === 'running' && health === 'starting') return `${name} is starting.`;
  if (state === 'running') return `${name} is unhealthy: ${lastCheck(inspected)} ${logs}`;
  return `${name} is ${state} (${ending(inspected)}). Run \`npm start\`. ${logs}`;
}

function ending(inspected?: Inspected): string {
  const state = inspected?.State;
  if (state?.OOMKilled) return 'out of memory: raise its limits.memory';
  return state?.Error || `exit code ${state?.ExitCode ?? '?'}`;
}

function lastCheck(inspected?: Inspected): string {
  const output = inspected?.State.Health?.Log?.at(-1)?.Output.trim().split('\n')[0] ?? '';
  return output === '' ? 'its health check fails.' : `its health check says "${output.slice(0, 200)}".`;
}
