import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
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
  const report = parseReport(project);
  // Without a report, jest itself did not start; what it said stands above.
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  // Their names say why.
  for (const { fullName, status } of tests) if (status === 'pending') console.log(`skipped: ${fullName}`);
  if (tests.length === 0) {
    console.log(
      `✖ no ${project} test was found${filter === undefined ? '' : ` in files whose path matches ${filter}`}`,
    );
  }
  return countJestTests(report);
}

/**
 * Runs the deployed files that failed once more: they hold real failovers to seconds, which a machine that does something else at that moment
 * can break. What failed only at first is named. A lost write is no such thing, nor are many failures: they stand.
 */
export async function rerunFailed(env: Readonly<Record<string, string>>, first: Counts): Promise<Counts> {
  const before = parseReport('deployed');
  const files = before ? filesToRerun(before) : [];
  if (!before || files.length === 0) return first;
  console.log(`\nrun again, as they failed: ${files.map((file) => basename(file)).join(', ')}`);
  await runJest('deployed', env, files.map((file) => `deployed/${basename(file)}$`).join('|'));
  const after = parseReport('deployed');
  if (!after) return first;
  const merged = replaceResults(before, after);
  for (const name of failedTests(before).filter((test) => !failedTests(merged).includes(test)))
    console.log(`failed at first, and passed when it was run again: ${name}`);
  writeFileSync(reportOf('deployed'), JSON.stringify(merged));
  return countJestTests(merged);
}

/** More are no accident. */
const MOST_RERUN = 3;

/** None where one of them says that something was lost. */
export function filesToRerun({ testResults }: JestReport): string[] {
  const failed = testResults.filter(({ status }) => status === 'failed');
  const loss = failed.some(({ message }) => /\blost\b/i.test(message));
  return loss || failed.length > MOST_RERUN ? [] : failed.map(({ name }) => name);
}

/** The first run's results, but for files that were run again. */
export function replaceResults(first: JestReport, again: JestReport): JestReport {
  const names = new Set(again.testResults.map(({ name }) => name));
  return { testResults: [...first.testResults.filter(({ name }) => !names.has(name)), ...again.testResults] };
}

function failedTests({ testResults }: JestReport): string[] {
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(isFailed).map(({ fullName }) => fullName),
  );
}

function parseReport(project: Project): JestReport | undefined {
  const report = reportOf(project);
  return existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as JestReport) : undefined;
}

function reportOf(project: Project): string {
  return join('.platform', `jest-${project}.json`);
}

/** A run of no tests at all proves nothing, so it counts as a failure. */
export function countJestTests({ testResults }: JestReport): Counts {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (...wanted: string[]) => tests.filter(({ status }) => wanted.includes(status)).length;
  // A file that does not even load has no failed test of its own.
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
  const counts = {
    passed: count('passed'),
    failed: count('failed') + broken.length,
    skipped: count('pending', 'todo', 'skipped', 'disabled'),
  };
  const none = counts.passed + counts.failed + counts.skipped === 0;
  return none ? { ...counts, failed: 1 } : counts;
}

function isFailed({ status }: { readonly status: string }): boolean {
  return status === 'failed';
}

export interface JestReport {
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    readonly status: string;
    /** What its failures said, or why it could not be run. */
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Counts `go test -v`'s results of top-level tests, and shows what failed or was skipped. */
export function countGoTests(
  output: string,
): Counts & { readonly notable: string; readonly failures: readonly string[] } {
  const lines = output.split('\n');
  const failures = lines.flatMap((line) => /^--- FAIL: (\S+)/.exec(line)?.[1] ?? []);
  const count = (word: string) => lines.filter((line) => line.startsWith(`--- ${word}: `)).length;
  const counts = { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP') };
  // A package that does not compile, or a race outside any test, fails without a `--- FAIL` line.
  const broken = lines.filter((line) => /^(FAIL|panic:|WARNING: DATA RACE)/.test(line)).length;
  const notable =
    counts.failed > 0 || broken > 0
      ? [...outputOfFailures(lines), ...lines.slice(-20)].join('\n')
      : lines.filter((line) => /--- SKIP/.test(line)).join('\n');
  return { ...counts, failed: counts.failed === 0 && broken > 0 ? 1 : counts.failed, notable, failures };
}

/** See {@link rerunFailed}. */
export function isWorthRerun(failures: readonly string[], notable: string): boolean {
  const broken = /^(panic:|WARNING: DATA RACE)/m.test(notable) || /[1-9]\d* of \d+ confirmed writes lost/.test(notable);
  return failures.length > 0 && failures.length <= MOST_RERUN && !broken;
}

/** What each test that failed printed, from its start on; the end of it where that is long. */
function outputOfFailures(lines: readonly string[]): string[] {
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
