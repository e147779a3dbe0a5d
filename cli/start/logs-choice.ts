import { Size } from '../../constructs/core/units.js';
import type { Topology } from '../../constructs/core/topology.js';
import type { LogFlavour } from '../../constructs/logging/model.js';
import { SPARE, sumOfLimits } from '../preflight/memory.js';

/** What the log stack is on this machine, where an environment leaves it to the machine. */
export type MachineLogs = LogFlavour | 'off';

export interface LogsChoice {
  readonly logs: MachineLogs;
  /** Says what was chosen, with the numbers. */
  readonly line: string;
}

/**
 * The largest log stack that fits beside the platform: its own limit and all others' are kept free for them, as Redis that is killed for
 * want of memory costs more than logs are worth.
 * @param refusal why there can be no `elastic`, whatever the memory
 * @param memoryBytes of the engine
 * @param declared what the environment declares with either stack
 */
export function chooseLogs(
  refusal: 'needs an image registry' | 'is not locked' | undefined,
  memoryBytes: number,
  declared: Readonly<Record<LogFlavour, Topology>>,
): LogsChoice {
  const needs = (flavour: LogFlavour) => sumOfLimits(declared[flavour].services.filter(({ supporting }) => supporting));
  const others = sumOfLimits(declared.debian.services.filter(({ supporting }) => !supporting));
  const free = Math.max(0, memoryBytes - SPARE.toBytes() - others);
  const logs =
    refusal === undefined && needs('elastic') <= free
      ? ('elastic' as const)
      : needs('debian') <= free
        ? ('debian' as const)
        : 'off';
  const have = `${inGibibytes(free)} of the engine's ${inGibibytes(memoryBytes)} GiB of memory are free for it`;
  const elastic = `elastic ${refusal ?? `needs ${inGibibytes(needs('elastic'))}`}`;
  return { logs, line: `logs: ${logs} (${have}; ${elastic}, debian ${inGibibytes(needs('debian'))})` };
}

function inGibibytes(bytes: number): string {
  return (bytes / Size.mebibytes(1024).toBytes()).toFixed(1);
}
