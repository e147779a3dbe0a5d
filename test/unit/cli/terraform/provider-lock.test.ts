import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { deploymentPaths } from '../../../../cli/context.js';
import { PROVIDER_LOCK_FILE, writeProviderLock } from '../../../../cli/terraform/provider-lock.js';
import { cacheFolder } from '../../../../cli/bootstrap/paths.mjs';
import { downloadedProviders } from '../../../../cli/bootstrap/terraform.mjs';
import { Terraform } from '../../../../cli/terraform/terraform.js';
import { processEnv } from '../../../../environments/process-env.js';
import { parseEnvironment } from '../../../../environments/schema.js';
import { project as here } from '../../../../project.js';
import { dev } from '../../../support/dev.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let project: string;
let stack: string;
beforeEach(() => {
  project = temporaryFolder('provider-lock');
  stack = deploymentPaths(project, 'dev').stack;
  mkdirSync(stack, { recursive: true });
  mkdirSync(join(project, 'stacks'));
});

/** Node runs the file that its first argument names, so it can stand for Terraform: `terraform init` is a file `init`. */
function pretend(command: string, script: string): void {
  writeFileSync(join(stack, command), script);
}

const recordArguments = `
  const fs = require('node:fs');
  fs.writeFileSync('arguments.json', JSON.stringify(process.argv.slice(2)));
  fs.mkdirSync('.terraform', { recursive: true });
`;

function terraform(provider?: { binary: string; cliConfig: string }): Terraform {
  const paths = deploymentPaths(project, 'dev');
  return new Terraform(
    {
      project: { ...here, folder: project },
      environment: parseEnvironment(dev),
      instance: undefined,
      name: 'dev',
      paths,
    },
    { binary: process.execPath, platform: 'linux_amd64', provider, environment: {} },
    () => undefined,
  );
}

const given = () => JSON.parse(readFileSync(join(stack, 'arguments.json'), 'utf8')) as string[];

test('the committed checksums hold for the provider of the registry', async () => {
  writeFileSync(join(project, PROVIDER_LOCK_FILE), 'checksums');
  pretend('init', recordArguments);
  await terraform().init();
  expect(readFileSync(join(stack, '.terraform.lock.hcl'), 'utf8')).toBe('checksums');
  expect(given()).toContain('-lockfile=readonly');
});

test('other checksums lead to another initialization', async () => {
  pretend('init', recordArguments);
  for (const checksums of ['old', 'new']) {
    writeFileSync(join(project, PROVIDER_LOCK_FILE), checksums);
    await terraform().init();
    expect(readFileSync(join(stack, '.terraform.lock.hcl'), 'utf8')).toBe(checksums);
  }
});

test('without any, and for a provider that was built here, Terraform keeps its own', async () => {
  pretend('init', recordArguments);
  await terraform().init();
  expect(given()).not.toContain('-lockfile=readonly');
  writeFileSync(join(project, PROVIDER_LOCK_FILE), 'checksums');
  writeFileSync(join(project, 'provider'), '');
  await terraform({ binary: join(project, 'provider'), cliConfig: 'x' }).init();
  expect(given()).not.toContain('-lockfile=readonly');
  expect(existsSync(join(stack, '.terraform.lock.hcl'))).toBe(false);
});

test('what a registry has is downloaded once for all deployments; what was built here is not downloaded', async () => {
  pretend('init', `${recordArguments} fs.writeFileSync('cache', process.env.TF_PLUGIN_CACHE_DIR ?? 'none');`);
  const cache = () => readFileSync(join(stack, 'cache'), 'utf8');
  await terraform().init();
  expect(cache()).toBe(downloadedProviders(processEnv) ?? 'none');
  writeFileSync(join(project, 'provider'), '');
  await terraform({ binary: join(project, 'provider'), cliConfig: 'x' }).init();
  expect(cache()).toBe('none');
});

test('a folder for downloads that the user configured stays in use', () => {
  const file = join(project, 'terraform.rc');
  writeFileSync(file, '# plugin_cache_dir is not set');
  expect(downloadedProviders({ TF_CLI_CONFIG_FILE: file })).toBe(join(cacheFolder(), 'providers'));
  expect(downloadedProviders({ TF_CLI_CONFIG_FILE: join(project, 'none') })).toBe(join(cacheFolder(), 'providers'));
  writeFileSync(file, 'disable_checkpoint = true\nplugin_cache_dir = "/somewhere"\n');
  expect(downloadedProviders({ TF_CLI_CONFIG_FILE: file })).toBe(undefined);
});

test("a registry's checksums for every platform are recorded where they are committed", async () => {
  pretend('providers', `${recordArguments} fs.writeFileSync('.terraform.lock.hcl', 'h1:all');`);
  await writeProviderLock(project, process.execPath, stack);
  expect(readFileSync(join(project, 'stacks', 'terraform.lock.hcl'), 'utf8')).toBe('h1:all');
  expect(given()).toEqual([
    'lock',
    ...['darwin_amd64', 'darwin_arm64', 'linux_amd64', 'linux_arm64', 'windows_amd64'].map((on) => `-platform=${on}`),
  ]);
});

test('a registry that does not answer leaves the committed ones as they are', async () => {
  writeFileSync(join(project, PROVIDER_LOCK_FILE), 'checksums');
  pretend('providers', `console.error('could not connect to registry.terraform.io'); process.exit(1);`);
  await expect(writeProviderLock(project, process.execPath, stack)).rejects.toThrow(
    /checksums could not be had: [^]*could not connect[^]*where registry\.terraform\.io answers/,
  );
  expect(readFileSync(join(project, PROVIDER_LOCK_FILE), 'utf8')).toBe('checksums');
});
