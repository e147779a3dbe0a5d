/** What a user needs to fix a mistake. */
export interface Problem {
  /** What is wrong, e.g. `redis.replicas cannot be used`. */
  readonly what: string;
  readonly got?: unknown;
  readonly allowed?: string;
  /** What to do about it. */
  readonly fix: string;
}

/** An error that is the user's to fix: printed as it is, without a stack trace. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly problems: readonly Problem[];

  constructor(problem: Problem, options?: ErrorOptions) {
    super(describe(problem), options);
    this.problems = [problem];
  }

  /** Several problems at once, so that nobody fixes them one run at a time. */
  static all(problems: readonly Problem[]): PlatformError {
    const [first, ...rest] = problems;
    if (!first) throw new Error('PlatformError.all needs at least one problem');
    const error = new PlatformError(first);
    if (rest.length > 0) {
      error.message = `${problems.length} problems:\n${problems.map((problem) => `- ${describe(problem)}`).join('\n')}`;
      Object.assign(error, { problems });
    }
    return error;
  }
}

/** One sentence each: what is wrong, what it got, what is allowed, what to do. */
function describe({ what, got, allowed, fix }: Problem): string {
  const value =
    got === undefined
      ? ''
      : ` (got ${typeof got === 'string' ? got : Number.isNaN(got) ? 'NaN' : JSON.stringify(got)})`;
  return `${what}${value}: ${allowed === undefined ? '' : `allowed is ${allowed}. `}${fix}`;
}
