import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Types, lint and format: each counts as one test. What fails is printed. */
export async function runChecks(): Promise<Counts[]> {
  const checks: [string, string[]][] = [
    ['types', ['node_modules/typescript/bin/tsc']],
    ['lint', ['node_modules/eslint/bin/eslint.js', '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/']],
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
  project: 'offline' | 'deployed' | 'bench',
  env: Readonly<Record<string, string>> = {},
  filter?: string,
): Promise<Counts> {
  const report = join('.platform', `jest-${project}.json`);
  mkdirSync('.platform', { recursive: true });
  rmSync(report, { force: true });
  await execa(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      ...['--selectProjects', project, '--json', '--outputFile', report],
      // Deployed tests share one platform, and show each test as it ends.
      ...(project === 'offline' ? [`--maxWorkers=${availableParallelism()}`] : ['--runInBand', '--verbose']),
      ...(filter === undefined ? [] : [filter]),
    ],
    { reject: false, env, stdout: 'ignore', stderr: 'inherit', stdin: 'ignore' },
  );
  // Without a report, jest itself did not start; what it said stands above.
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
  const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
  // Their names say why.
  for (const { fullName, status } of tests) if (status === 'pending') console.log(`skipped: ${fullName}`);
  return {
    passed: result.numPassedTests,
    // A file that does not even load has no failed test of its own.
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
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
