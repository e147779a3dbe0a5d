import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { installDependencies } from '../../../../cli/bootstrap/npm.mjs';
import { processEnv } from '../../../../environments/process-env.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

// The one place that may write it is a test.
const environment = processEnv as Record<string, string | undefined>;
const VARIABLES = ['npm_execpath', 'NODE_EXTRA_CA_CERTS'];
let before: Record<string, string | undefined>;
let folder: string;

beforeEach(() => {
  folder = temporaryFolder('npm');
  before = Object.fromEntries(VARIABLES.map((name) => [name, environment[name]]));
  environment['npm_execpath'] = join(folder, 'npm-cli.cjs');
  environment['NODE_EXTRA_CA_CERTS'] = '';
});
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(environment, name);
    else environment[name] = value;
  }
});

/** Puts a program in the place of npm. */
function npm(code: string): void {
  writeFileSync(join(folder, 'npm-cli.cjs'), `const fs = require('node:fs');\n${code}`);
}
const install = (authorities: string, lines: string[] = []) =>
  installDependencies({
    cwd: folder,
    say: (line) => lines.push(line),
    authorities: () => Promise.resolve(authorities),
  });

test("where npm does not know the authority, it gets the system's", async () => {
  npm(`
    const file = process.env.NODE_EXTRA_CA_CERTS;
    if (!file) { console.error('npm error code SELF_SIGNED_CERT_IN_CHAIN'); process.exit(1); }
    fs.writeFileSync('trusted', fs.readFileSync(file));`);
  const lines: string[] = [];
  await install('the company', lines);
  expect(readFileSync(join(folder, 'trusted'), 'utf8')).toBe('the company');
  expect(lines.join('\n')).toContain("trying again with the system's certificate authorities");
});

test('where the system does not know it either, the way out is named', async () => {
  npm("console.error('npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY'); process.exit(1);");
  await expect(install('')).rejects.toThrow(/Set NODE_EXTRA_CA_CERTS/);
});

test('what failed for another reason is not tried again', async () => {
  npm("fs.appendFileSync('tries', 'x'); console.error('npm error code E404'); process.exit(1);");
  await expect(install('the company')).rejects.toThrow(/could not be installed: [^]*E404[^]*npm ping/);
  expect(readFileSync(join(folder, 'tries'), 'utf8')).toBe('x');
});

test('tests and tools are installed whatever NODE_ENV says', async () => {
  npm("fs.writeFileSync('args', process.argv.slice(2).join(' '));");
  await install('');
  expect(readFileSync(join(folder, 'args'), 'utf8')).toMatch(/^ci --include=dev /);
  expect(existsSync(join(folder, 'trusted'))).toBe(false);
});
