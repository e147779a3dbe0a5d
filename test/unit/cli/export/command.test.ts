import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { exportCommand, type ExportReport } from '../../../../cli/commands/export.js';
import type { Context } from '../../../../cli/context.js';
import { readSecret } from '../../../../cli/deployment/secrets.js';
import { PlatformError } from '../../../../constructs/core/platform-error.js';
import { UNPREPARED_SITE, writeSite } from '../../../../environments/site.js';
import { contextIn } from '../../../support/offline-deployment.js';

let context: Context;
let output: string;
let said: string;
beforeEach(() => {
  context = contextIn();
  output = join(context.project.folder, 'out', 'platform.yaml');
  said = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Why a command did nothing. */
async function refusal(...args: Parameters<typeof exportCommand>): Promise<PlatformError> {
  try {
    await exportCommand(...args);
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('a folder is written that is complete, and says so', async () => {
  expect(await exportCommand(context, { to: 'compose', output, json: true })).toBe(0);
  const report = JSON.parse(said) as ExportReport;
  expect(report).toMatchObject({ deployment: 'dev', to: 'compose', file: output, folder: `${output}.files` });
  const { services } = parse(readFileSync(output, 'utf8')) as { services: Record<string, { image: string }> };
  const running = Object.keys(services).filter((name) => !name.endsWith('-seeder'));
  expect(report.containers.toSorted()).toEqual(running.sort());
  const { builtHere, fromRegistries } = report.images;
  const images = new Set(Object.values(services).map(({ image }) => image));
  expect([...builtHere, ...fromRegistries].sort()).toEqual([...images].sort());
  expect(readFileSync(join(report.folder, '.gitignore'), 'utf8')).toBe('*\n');
  expect(readdirSync(report.folder).sort()).toEqual(['.gitignore', 'config', 'secrets', 'written.json']);
});

test('the passwords are those of the deployment, and stay where they are', async () => {
  await exportCommand(context, { to: 'compose', output });
  const acl = readFileSync(join(`${output}.files`, 'secrets', 'api', 'secrets', 'redis-api'), 'utf8');
  expect(acl.trim()).toBe(readSecret(context.paths, 'redis-api'));
  const before = readFileSync(output, 'utf8');
  await exportCommand(context, { to: 'compose', output });
  expect(readFileSync(output, 'utf8')).toBe(before);
  expect(said).toContain('docker compose --file');
  // Nothing of it is Terraform's.
  expect(existsSync(context.paths.stack)).toBe(false);
  expect(existsSync(context.paths.files)).toBe(false);
});

test('what is wrong with the options is said at once, and nothing is written', async () => {
  const { problems } = await refusal({ ...context, instance: 'alice', name: 'dev_alice' }, { to: 'helm', output: '' });
  expect(problems.map(({ what, got }) => [what, got])).toEqual([
    ['--to names nothing that can be exported to', 'helm'],
    ['--output names no file', ''],
    ['the instance alice has no addresses and ports of its own yet', 'dev_alice'],
  ]);
  for (const problem of problems) expect([problem.allowed, problem.fix]).not.toContain(undefined);
  expect((await refusal(context, {})).problems.map(({ got }) => got)).toEqual(['nothing', 'nothing']);
  expect(existsSync(context.paths.secrets)).toBe(false);
});

test('an instance that the machine is prepared for is exported with what it was given', async () => {
  const { project } = context;
  const baseCidr = '10.214.16.0/20';
  writeSite(project.folder, { ...UNPREPARED_SITE, deployments: { dev_alice: { baseCidr, ports: { http: 23456 } } } });
  await exportCommand({ ...context, instance: 'alice', name: 'dev_alice' }, { to: 'compose', output, json: true });
  const { published } = JSON.parse(said) as ExportReport;
  expect(published).toContainEqual({ name: 'http', address: '127.0.0.1', hostPort: 23456 });
  expect(readFileSync(output, 'utf8')).toContain('10.214.16.130');
});

test('a file of somebody else is left alone until --force', async () => {
  await exportCommand(context, { to: 'compose', output });
  writeFileSync(output, 'services: {}\n');
  const { problems } = await refusal(context, { to: 'compose', output });
  expect(problems).toEqual([expect.objectContaining({ got: output, what: 'a file was changed since it was written' })]);
  expect(readFileSync(output, 'utf8')).toBe('services: {}\n');
  await exportCommand(context, { to: 'compose', output, force: true });
  expect(readFileSync(output, 'utf8')).toContain('name: rp-dev');
});
