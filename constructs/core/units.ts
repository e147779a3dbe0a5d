import { PlatformError } from './platform-error.js';

const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
const DURATION_UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** How a size is written in an environment, e.g. `'128MiB'`. */
export type SizeText = `${number}${keyof typeof SIZE_UNITS}`;
/** How a duration is written in an environment, e.g. `'1500ms'`. */
export type DurationText = `${number}${keyof typeof DURATION_UNITS}`;

/** An amount of memory or disk. Immutable; whole bytes, never negative. */
export class Size {
  private constructor(private readonly value: number) {}

  /** @throws PlatformError if `bytes` is not a whole number >= 0. */
  static bytes(bytes: number): Size {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new PlatformError({
        what: 'a size is not a whole number of bytes',
        got: bytes,
        allowed: 'a whole number from 0',
        fix: "Write it with its unit, e.g. '128MiB'.",
      });
    }
    return new Size(bytes);
  }
  static mebibytes(mebibytes: number): Size {
    return Size.bytes(mebibytes * SIZE_UNITS.MiB);
  }
  /** Reads `'128MiB'`; undefined if the text is not a size. */
  static parse(text: string): Size | undefined {
    const bytes = parseAmount(text, SIZE_UNITS);
    return bytes === undefined || !Number.isSafeInteger(bytes) ? undefined : new Size(bytes);
  }

  toBytes(): number {
    return this.value;
  }
  /** Whole MiB, rounded up: what the Docker provider takes. */
  toMebibytes(): number {
    return Math.ceil(this.value / SIZE_UNITS.MiB);
  }
  toString(): string {
    return format(this.value, SIZE_UNITS);
  }
}

/** A length of time. Immutable; whole milliseconds, never negative. */
export class Duration {
  private constructor(private readonly value: number) {}

  /** @throws PlatformError if `milliseconds` is not a whole number >= 0. */
  static milliseconds(milliseconds: number): Duration {
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
      throw new PlatformError({
        what: 'a duration is not a whole number of milliseconds',
        got: milliseconds,
        allowed: 'a whole number from 0',
        fix: "Write it with its unit, e.g. '1500ms'.",
      });
    }
    return new Duration(milliseconds);
  }
  static seconds(seconds: number): Duration {
    return Duration.milliseconds(seconds * DURATION_UNITS.s);
  }
  /** Reads `'1500ms'`; undefined if the text is not a duration. */
  static parse(text: string): Duration | undefined {
    const milliseconds = parseAmount(text, DURATION_UNITS);
    return milliseconds === undefined || !Number.isSafeInteger(milliseconds) ? undefined : new Duration(milliseconds);
  }

  toMilliseconds(): number {
    return this.value;
  }
  /** Whole seconds, rounded up. */
  toSeconds(): number {
    return Math.ceil(this.value / DURATION_UNITS.s);
  }
  toString(): string {
    return format(this.value, DURATION_UNITS);
  }
}

function parseAmount(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const factor = match && units[match[2] ?? ''];
  return match && factor ? Number(match[1]) * factor : undefined;
}

/** The largest unit that needs no fraction, so that parse(toString()) is the same value. */
function format(value: number, units: Record<string, number>): string {
  const fitting = Object.entries(units).filter(([, factor]) => value % factor === 0 && value >= factor);
  const [unit, factor] = fitting.at(-1) ?? Object.entries(units)[0] ?? ['', 1];
  return `${value / factor}${unit}`;
}
