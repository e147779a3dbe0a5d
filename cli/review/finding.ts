import type { Level } from './level.js';

/** One thing that a reviewer should know of a change. Values stand in backticks; no secret is in it. */
export interface Finding {
  readonly level: Level;
  /** The service, network or port that it is about. */
  readonly subject: string;
  /** One sentence without a full stop. */
  readonly what: string;
  /** Why it matters: one sentence. */
  readonly why: string;
  readonly cause: Cause;
}

/** What is known about the source of a finding, from which `locate` finds the line. */
export interface Cause {
  /** Path of the construct below its stack, e.g. `redis/node`. */
  readonly construct?: string | undefined;
  /** Section of the environment that decides over it. @default the construct's first part */
  readonly section?: string | undefined;
  /** Settings of that section that decide it, best first, e.g. `maxMemory`, `limits.memory`. */
  readonly settings?: readonly string[];
  /** Settings of the whole environment, e.g. `network.baseCidr`. */
  readonly environment?: readonly string[];
  /** Texts of which the changed line holds one, best first. */
  readonly words?: readonly string[];
  /** Names that the line may hold besides. */
  readonly names?: readonly string[];
  /** Files and folders whose change is the cause. */
  readonly files?: readonly string[];
}

/** A value in a sentence. Without backticks, line ends and excessive length, so that no value can pose as formatting. */
export function code(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const clean = text.replaceAll('`', "'").replaceAll(/\s+/g, ' ').trim();
  return `\`${clean.length > 120 ? `${clean.slice(0, 117)}...` : clean}\``;
}

/** `a, b and c`, each as a value. */
export function codes(values: readonly unknown[], most = 8): string {
  const shown = values.slice(0, most).map(code);
  if (values.length > most) return `${shown.join(', ')} and ${values.length - most} more`;
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** `a -> b`, as values. */
export function fromTo(before: unknown, after: unknown): string {
  return `${code(before)} → ${code(after)}`;
}

/** `1 container`, `2 containers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
