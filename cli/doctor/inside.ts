import { setTimeout as sleep } from 'node:timers/promises';
import type { Topology } from '../../constructs/core/topology.js';
import type { Engine } from '../engine/engine.js';
import { runInContainer } from '../rollout/run-in-container.js';
import { nameOf } from '../status/containers.js';
import { KERNEL_SETTINGS, kernelFile } from './gather-start.js';
import { parseHeads, parseOpenFiles } from './readings/process-limits.js';

/** What only a process in a container sees. */
export interface Inside {
  readonly kernel: Readonly<Record<string, number>>;
  readonly openFiles: number | undefined;
}

const ANSWER_MS = 5_000;
const LIMITS = '/proc/1/limits';

/**
 * Asks in one of the deployment's containers: wherever the engine is, this is its kernel, and these are the limits that it gives.
 * @returns undefined where none runs, or it does not answer
 */
export async function lookInside(
  { docker }: Pick<Engine, 'docker'>,
  topology: Topology,
  answerMs = ANSWER_MS,
): Promise<Inside | undefined> {
  const filters = { label: [`redis-platform.deployment=${topology.deployment}`], status: ['running'] };
  const running = new Set((await docker.listContainers({ filters })).map(({ Names }) => nameOf(Names)));
  const container = topology.services
    .flatMap(({ instances }) => instances.map((instance) => instance.container))
    .find((name) => running.has(name));
  if (container === undefined) return undefined;
  const files = [LIMITS, ...KERNEL_SETTINGS.map(kernelFile)];
  const late = sleep(answerMs, undefined, { ref: false });
  // One that ends or hangs just now.
  const asked = runInContainer(docker, container, ['head', '-n', '99', ...files]).catch(() => undefined);
  const answer = await Promise.race([asked, late]);
  return answer === undefined ? undefined : insideOf(answer.output);
}

export function insideOf(output: string): Inside {
  const heads = parseHeads(output);
  const kernel = KERNEL_SETTINGS.flatMap((name) => {
    const text = heads[kernelFile(name)];
    return text === undefined || !/^\d+$/.test(text) ? [] : [[name, Number(text)] as const];
  });
  return { kernel: Object.fromEntries(kernel), openFiles: parseOpenFiles(heads[LIMITS] ?? '') };
}
