import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { type Windows, type WindowsNode, withWindows } from './wine.js';
import { type Counts, type JestReport, seconds } from './test-runs.js';
import { type Gap, WINE_GAPS } from './wine-gaps.js';

/**
 * Runs the offline tests on Node.js for Windows, under Wine.
 * @param only files whose path matches
 */
export async function runUnderWine(node: WindowsNode, only?: string): Promise<Counts> {
  const started = Date.now();
  const output = resolve('.platform', 'wine.log');
  const report = await withWindows(
    node,
    (windows) => runOffline(windows, output, only),
    (deed) => {
      console.log(`Windows: ${deed}`);
    },
  );
  const { counts, lines } = judgeRun(
    report,
    WINE_GAPS.filter(({ file }) => new RegExp(only ?? '').test(file)),
  );
  console.log([...lines, `offline part on Node.js ${node} for Windows [${seconds(started)}]`].join('\n'));
  return counts;
}

async function runOffline({ project, run }: Windows, output: string, only?: string): Promise<JestReport> {
  // Installs what is missing.
  if (!(await run('node bootstrap.mjs --help', output))) throw didNotRun(output);
  const report = join('.platform', 'jest-offline.json');
  rmSync(join(project, report), { force: true });
  const options = [
    ...['--selectProjects', 'offline', '--json', '--outputFile', report.replaceAll('/', '\\')],
    ...(only === undefined ? [] : ['--testPathPatterns', `"${only}"`]),
  ];
  await run(
    `node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js ${options.join(' ')} > nul`,
    output,
  );
  try {
    return JSON.parse(readFileSync(join(project, report), 'utf8')) as JestReport;
  } catch {
    throw didNotRun(output);
  }
}

function didNotRun(output: string): PlatformError {
  return new PlatformError({
    what: 'the tests did not run under Wine',
    got: `\n${readFileSync(output, 'utf8').trim().split('\n').slice(-20).join('\n')}\n`,
    fix: `Fix what it says; all of it is in ${output}.`,
  });
}

/**
 * What fails and is no gap of Wine's, is a failure; so is a gap that none of its tests shows any more: the list would only grow.
 * @returns the counts, with gaps as skipped, and what to say
 */
export function judgeRun(report: JestReport, gaps: readonly Gap[]): { counts: Counts; lines: string[] } {
  const used = new Set<Gap>();
  const lines: string[] = [];
  let [passed, failed, skipped] = [0, 0, 0];
  for (const { name, message, assertionResults } of report.testResults) {
    const file = name.replaceAll('\\', '/').replace(/^.*\/(?=test\/)/, '');
    // A file that does not load has no tests of its own.
    const tests = assertionResults.length > 0 ? assertionResults : [{ fullName: '', status: 'failed' }];
    for (const { fullName, status } of tests) {
      if (status === 'passed') passed++;
      else if (status !== 'failed') skipped++;
      else {
        const gap = gaps.find((one) => one.file === file && (one.tests?.test(fullName) ?? true));
        if (gap) {
          used.add(gap);
          skipped++;
        } else {
          failed++;
          lines.push(`✖ ${file}: ${fullName}`);
          if (fullName === '') lines.push(message);
        }
      }
    }
  }
  for (const gap of gaps.filter((one) => !used.has(one))) {
    failed++;
    lines.push(`✖ ${gap.file}${gap.tests ? `, ${String(gap.tests)}` : ''} is listed as a gap of Wine's, but passes`);
  }
  for (const { file, why } of used) lines.push(`skipped: ${file}: ${why}`);
  if (passed + failed === 0) return { counts: { passed, failed: 1, skipped }, lines: ['✖ no test was found'] };
  return { counts: { passed, failed, skipped }, lines };
}
