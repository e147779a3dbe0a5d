import type { Problem } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { Size } from '../../constructs/core/units.js';
import type { Engine } from '../engine/engine.js';

/** For the engine itself and what else runs on its machine. */
export const SPARE = Size.mebibytes(512);

/**
 * Java servers take what they were given at once, so an engine with less would kill processes, Redis among them. All other services' limits are
 * rarely reached and may exceed the memory.
 */
export async function checkMemory(engine: Pick<Engine, 'docker'>, { services }: Topology): Promise<Problem[]> {
  const supporting = services.filter((service) => service.supporting);
  if (supporting.length === 0) return [];
  const { MemTotal } = (await engine.docker.info()) as { readonly MemTotal: number };
  const needed = sumOfLimits(supporting) + SPARE.toBytes();
  if (MemTotal >= needed) return [];
  const inMebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  return [
    {
      what: `the engine has too little memory for ${supporting.map(({ name }) => name).join(', ')}`,
      got: inMebibytes(MemTotal),
      allowed: `from ${inMebibytes(needed)}`,
      fix: "Give the engine more (Docker Desktop: Settings, Resources; with WSL 2: memory in .wslconfig), or set logs: { flavour: 'off' } in the environment.",
    },
  ];
}

/** What all instances of services may take of the memory, in bytes. */
export function sumOfLimits(services: Topology['services']): number {
  return services.reduce(
    (sum, { limits, instances }) => sum + (Size.parse(limits.memory)?.toBytes() ?? 0) * instances.length,
    0,
  );
}
