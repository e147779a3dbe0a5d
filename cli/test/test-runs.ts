import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Types, lint, format, arrows between rooms and dead code: each counts as one test. What fails is printed. */
export async function runChecks(): Promise<Counts[]> {
  const checks: [string, string[]][] = [
    ['types', ['node_modules/typescript/bin/tsc']],
    ['lint', ['node_modules/eslint/bin/eslint.js', '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/']],
    [
      'arrows',
      ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--config', 'dependency-cruiser.config.mjs', '.'],
    ],
    ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress']],
    ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '--cache', '.']],
  ];
  return Promise.all(
    checks.map(async ([name, args]) => {
      const started = Date.now();
      const { exitCode, all } = await execa(process.execPath, args, { reject: false, all: true });
      const passed = exitCode === 0;
      console.log(`${passed ? '✔' : '✖'} ${name} [${seconds(started)}]${passed ? '' : `\n${all}`}`);
      return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
    }),
  );
}

/**
 * Runs one of jest's projects, with its output.
 * @param filter only files whose path matches
 */
export async function runJest(
  project: Project,
  env: Readonly<Record<string, string>> = {},
  filter?: string,
): Promise<Counts> {
  const report = newReport(project);
  await execa(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      // --expand: a long text that both sides of a difference have is the reason more often than not.
      ...['--selectProjects', project, '--json', '--outputFile', report, '--expand'],
      // Deployed tests share one platform, and show each test as it ends.
      ...(project === 'offline' ? [`--maxWorkers=${availableParallelism()}`] : ['--runInBand', '--verbose']),
      ...(filter === undefined ? [] : [filter]),
    ],
    { reject: false, env, stdout: 'ignore', stderr: 'inherit', stdin: 'ignore' },
  );
  return readReport(project, filter);
}

type Project = 'offline' | 'deployed' | 'bench';

/**
 * Where the next run of a project reports; what the last one reported is gone.
 * @returns the file
 */
export function newReport(project: Project): string {
  const report = reportOf(project);
  mkdirSync('.platform', { recursive: true });
  rmSync(report, { force: true });
  return report;
}

/** What a run of a project reported. Skipped tests are named, and a missing report is a failure. */
export function readReport(project: Project, filter?: string): Counts {
  const report = reportOf(project);
  // Without a report, jest itself did not start; what it said stands above.
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
  const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
  // Their names say why.
  for (const { fullName, status } of tests) if (status === 'pending') console.log(`skipped: ${fullName}`);
  if (tests.length === 0) {
    console.log(
      `✖ no ${project} test was found${filter === undefined ? '' : ` in files whose path matches ${filter}`}`,
    );
  }
  return countJestTests(result);
}

function reportOf(project: Project): string {
  return join('.platform', `jest-${project}.json`);
}

/** A run of no tests at all proves nothing, so it counts as a failure. */
export function countJestTests(result: JestReport): Counts {
  const counts = {
    passed: result.numPassedTests,
    // A file that does not even load has no failed test of its own.
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
  const none = counts.passed + counts.failed + counts.skipped === 0;
  return none ? { ...counts, failed: 1 } : counts;
}

export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    /** Why it could not be run, where it has no results. */
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Counts `go test -v`'s results of top-level tests, and shows what failed or was skipped. */
export function countGoTests(output: string): Counts & { readonly notable: string } {
  const lines = output.split('\n');
  const count = (word: string) => lines.filter((line) => line.startsWith(`--- ${word}: `)).length;
  const counts = { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP') };
  // A package that does not compile, or a race outside any test, fails without a `--- FAIL` line.
  const broken = lines.filter((line) => /^(FAIL|panic:|WARNING: DATA RACE)/.test(line)).length;
  const notable =
    counts.failed > 0 || broken > 0
      ? [...failures(lines), ...lines.slice(-20)].join('\n')
      : lines.filter((line) => /--- SKIP/.test(line)).join('\n');
  return { ...counts, failed: counts.failed === 0 && broken > 0 ? 1 : counts.failed, notable };
}

/** What each test that failed printed, from its start on; the end of it where that is long. */
function failures(lines: readonly string[]): string[] {
  return lines.flatMap((line, end) => {
    const name = /^--- FAIL: (\S+)/.exec(line)?.[1];
    if (name === undefined) return [];
    const start = lines.lastIndexOf(`=== RUN   ${name}`, end);
    return lines.slice(Math.max(start, end - 60, 0), end + 1);
  });
}

export function seconds(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)}s`;
}
