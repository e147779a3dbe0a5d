import { PlatformError, type Problem } from './platform-error.js';
import { Duration, type DurationText, Size, type SizeText } from './units.js';

/**
 * What a construct comes to: every default filled in and every rule kept, as plain data that topology.json holds. No secret (only
 * names of secrets), no address and no word of the engine is in it, so it is the same on every machine.
 */
export interface Model {
  /** Tells the models apart, e.g. `redis`. */
  readonly kind: string;
  /** Id of the construct. Models refer to each other by it, and to services and endpoints by theirs. */
  readonly name: string;
}

/** What is wrong with one of a construct's properties. */
export interface SettingProblem extends Problem {
  /** The property, e.g. `limits.memory`. */
  readonly setting: string;
  readonly allowed: string;
}

/** A model, and all that keeps it from being used. */
export interface Resolved<M extends Model> {
  readonly model: M;
  readonly problems: readonly SettingProblem[];
}

/** @throws PlatformError with all problems */
export function sound<M extends Model>({ model, problems }: Resolved<M>): M {
  if (problems.length > 0) throw PlatformError.all(problems);
  return model;
}

/** The least and the most that a setting can be; the same where an environment is loaded and where a construct is made. */
export type Range<T> = readonly [least: T, most: T];

/** Collects what is wrong with a construct's properties. */
export class Rules {
  readonly problems: SettingProblem[] = [];

  constructor(private readonly name: string) {}

  refuse(setting: string, got: unknown, allowed: string, fix: string): void {
    this.problems.push({ setting, what: `${this.name}.${setting} cannot be used`, got, allowed, fix });
  }
  whole(setting: string, value: number, [least, most]: Range<number>, fix = 'Use a whole number in this range.'): void {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    this.refuse(setting, value, `a whole number from ${least} to ${most}`, fix);
  }
  size(setting: string, value: Size, [least, most]: Range<SizeText>): void {
    const bytes = (text: SizeText) => Size.parse(text)?.toBytes() ?? 0;
    if (value.toBytes() >= bytes(least) && value.toBytes() <= bytes(most)) return;
    this.refuse(setting, String(value), `a size from ${least} to ${most}`, SIZE_FIX);
  }
  duration(setting: string, value: Duration, [least, most]: Range<DurationText>): void {
    const ms = (text: DurationText) => Duration.parse(text)?.toMilliseconds() ?? 0;
    if (value.toMilliseconds() >= ms(least) && value.toMilliseconds() <= ms(most)) return;
    this.refuse(setting, String(value), `a duration from ${least} to ${most}`, DURATION_FIX);
  }
  /** For callers without types. */
  oneOf<T extends string>(setting: string, value: T, allowed: readonly T[]): void {
    if (!allowed.includes(value)) this.refuse(setting, value, allowed.join(', '), 'Choose one of them.');
  }
}

export const SIZE_FIX = "Write it with its unit: '128MiB' (B, KiB, MiB, GiB).";
export const DURATION_FIX = "Write it with its unit: '1500ms' (ms, s, min, h, d).";
