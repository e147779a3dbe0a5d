import { Duration } from './units.js';

/** How often and how patiently a health check is made. */
export interface HealthCheckTiming {
  /** @default 10 s; 3 s on engines below 25, which cannot check more often only while a container starts */
  readonly interval?: Duration;
  /** @default 3 s */
  readonly timeout?: Duration;
  /** Failures in a row until the container counts as unhealthy. @default 3 */
  readonly retries?: number;
  /** Failures in this time after the start do not count. @default 60 s */
  readonly startPeriod?: Duration;
}

/** A command that the engine runs inside the container to see whether it is well. */
export class HealthCheck {
  readonly timeout: Duration;
  readonly retries: number;
  readonly startPeriod: Duration;
  readonly interval: Duration | undefined;

  private constructor(
    /** The command and its arguments, or undefined where nothing is checked. */
    readonly command: readonly string[] | undefined,
    timing: HealthCheckTiming,
    /** Why there is no check. */
    readonly reason?: string,
  ) {
    this.interval = timing.interval;
    this.timeout = timing.timeout ?? Duration.seconds(3);
    this.retries = timing.retries ?? 3;
    this.startPeriod = timing.startPeriod ?? Duration.seconds(60);
  }

  /** A program in the image; exit code 0 means healthy. No shell is involved. */
  static command(command: readonly string[], timing: HealthCheckTiming = {}): HealthCheck {
    return new HealthCheck(command, timing);
  }
  /** No check inside the container; say why, reviewers see it. */
  static none(reason: string): HealthCheck {
    return new HealthCheck(undefined, {}, reason);
  }
}
