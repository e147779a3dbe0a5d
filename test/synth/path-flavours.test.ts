import * as realFs from 'node:fs';
import { tmpdir } from 'node:os';
import realPath from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ci } from '../../environments/ci.js';

/*
 * The project's own code with the paths of the other system: on Linux and macOS it joins and resolves as on Windows, and
 * the files are found all the same. (On Windows itself every other test is this one.)
 */
const toHost = (path: unknown) => (typeof path === 'string' ? path.replaceAll('\\', '/') : path);
const readers = [
  'existsSync',
  'mkdirSync',
  'openSync',
  'readdirSync',
  'readFileSync',
  'readlinkSync',
  'rmSync',
  'statSync',
  'writeFileSync',
] as const;

const asked: string[] = [];
const fs = Object.fromEntries(
  readers.map((name) => [
    name,
    (path: unknown, ...rest: unknown[]): unknown => {
      asked.push(String(path));
      return Reflect.apply(realFs[name], realFs, [toHost(path), ...rest]);
    },
  ]),
);
jest.unstable_mockModule('node:path', () => ({ ...realPath.win32, default: realPath.win32 }));
const renameSync = (from: unknown, to: unknown) => {
  realFs.renameSync(String(toHost(from)), String(toHost(to)));
};
jest.unstable_mockModule('node:fs', () => ({ ...realFs, ...fs, renameSync, default: realFs }));

let folder: string;
beforeAll(() => {
  folder = realFs.mkdtempSync(realPath.join(tmpdir(), 'redis-platform-flavour-'));
});
afterAll(() => {
  realFs.rmSync(folder, { recursive: true, force: true });
});

test("the same bytes come out with Windows' paths as with POSIX'", async () => {
  const { parseEnvironment } = await import('../../environments/schema.js');
  const { UNPREPARED_SITE } = await import('../../environments/site.js');
  const { declare } = await import('../support/declare.js');
  const { writeDeclaration } = await import('../../cli/synth/write-declaration.js');
  const outdir = realPath.join(folder, 'windows');
  writeDeclaration(declare({ environment: parseEnvironment(ci), site: UNPREPARED_SITE }), outdir);
  // It really was the other flavour.
  expect(asked.some((path) => path.includes('images\\redis\\main.go'))).toBe(true);
  const posix = await synthWithPosixPaths();
  for (const file of ['stacks/ci/cdk.tf.json', 'stacks/ci/topology.json', 'manifest.json']) {
    const read = (from: string) => realFs.readFileSync(realPath.join(from, file), 'utf8');
    expect(read(outdir)).toBe(read(posix));
    expect(read(outdir)).not.toMatch(/(?:images|stacks)\\\\/);
  }
});

async function synthWithPosixPaths(): Promise<string> {
  jest.resetModules();
  jest.unstable_mockModule('node:path', () => ({ ...realPath.posix, default: realPath.posix }));
  const { parseEnvironment } = await import('../../environments/schema.js');
  const { UNPREPARED_SITE } = await import('../../environments/site.js');
  const { declare } = await import('../support/declare.js');
  const { writeDeclaration } = await import('../../cli/synth/write-declaration.js');
  const outdir = realPath.join(folder, 'posix');
  asked.length = 0;
  writeDeclaration(declare({ environment: parseEnvironment(ci), site: UNPREPARED_SITE }), outdir);
  expect(asked.some((path) => path.includes('\\'))).toBe(false);
  return outdir;
}
