import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { join } from 'node:path';
import { logsCommand, type LogsOptions } from '../../../../cli/commands/logs.js';
import { addLogsOptions } from '../../../../cli/logs/options.js';
import type { Context } from '../../../../cli/context.js';
import { contextIn, stateWith, write } from '../../../support/offline-deployment.js';
import { recordedOutputs } from '../../../support/recorded-outputs.js';
import type { Output } from '../../../../constructs/core/output.js';
import { StoreServer } from './store-server.js';

let server: StoreServer;
let context: Context;
let stdout: string;
let stderr: string;

/** @param store where it is; null without one */
function deploy(store: Pick<Output, 'url' | 'settings'> | null): void {
  const clients = recordedOutputs.flatMap((output) => {
    if (output.settings?.role !== 'log store') return [output];
    return store ? [{ ...output, ...store }] : [];
  });
  write(context.paths.state, stateWith([], { clients }));
  write(join(context.paths.stack, 'topology.json'), {
    formatVersion: 3,
    models: [],
    services: [{ name: 'api', instances: [{ name: 'api-0' }] }],
  });
  for (const { secret } of recordedOutputs) {
    if (secret !== undefined) write(join(context.paths.secrets, secret), `value-of-${secret}-0123456789`);
  }
}

beforeEach(async () => {
  server = new StoreServer();
  const { elasticsearchUrl, indexPattern } = await server.start();
  const made = contextIn();
  context = { ...made, paths: { ...made.paths, stack: join(made.project.folder, 'stack') } };
  deploy({ url: elasticsearchUrl, settings: { role: 'log store', flavour: 'debian', indexPattern } });
  stdout = '';
  stderr = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text, ...rest) => {
    stdout += String(text);
    (rest.at(-1) as (() => void) | undefined)?.();
    return true;
  });
  const collect = (text: unknown) => {
    stderr += String(text);
    return true;
  };
  jest.spyOn(process.stderr, 'write').mockImplementation(collect);
  jest.spyOn(console, 'error').mockImplementation(collect);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await server.stop();
});

const run = (options: LogsOptions = {}) => logsCommand(context, { since: '1h', utc: true, ...options });
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

test('lines are shown, the newest last, and what the limit leaves out is said', async () => {
  server.add('1', ago(3));
  server.add('2', ago(2));
  server.add('3', ago(1));
  expect(await run({ limit: '2' })).toBe(0);
  expect(stdout).toMatch(/^[\d-: .]+Z - +info +line 2\n[\d-: .]+Z - +info +line 3\n$/);
  expect(stderr).toMatch(/^Older lines \(since .*\) are left out: the limit is 2\. --limit raises it\.\n$/);
});

test('--json is documents and nothing else', async () => {
  server.add('1', ago(1), { http: { request: { method: 'GET' } } });
  expect(await run({ json: true })).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ 'event.id': '1', 'http.request.method': 'GET' });
});

test('no lines are exit code 1, with nothing on stdout', async () => {
  server.add('1', ago(7200));
  expect(await run()).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^No lines since /);
});

test('what cannot be done is exit code 2, and says why', async () => {
  expect(await run({ service: ['apo'] })).toBe(2);
  expect(stderr).toContain('--service cannot be used (got apo): allowed is api.');
  server.instead = (_, response) => response.writeHead(401).end();
  expect(await run()).toBe(2);
  expect(stderr).toContain("does not accept reader's password");
  await server.stop();
  expect(await run()).toBe(2);
  expect(stderr).toContain('`npm start` starts what does not run');
  deploy(null);
  expect(await run()).toBe(2);
  expect(stderr).toContain('keeps no logs that can be searched from here');
  rmSync(context.project.folder, { recursive: true });
  expect(await run()).toBe(2);
  expect(stderr).toContain('is not deployed');
  expect(stdout).toBe('');
});

test('options are lists with commas or repeated, and a wrong one is exit code 2', () => {
  const command = () => addLogsOptions(new Command('logs')).configureOutput({ writeErr: () => undefined });
  const parsed = command().parse(['--service', 'api,redis', '--service', 'proxy', '-i', '-f'], { from: 'user' });
  expect(parsed.opts()).toEqual({
    service: ['api', 'redis', 'proxy'],
    ignoreCase: true,
    follow: true,
    since: '15m',
    limit: '1000',
  });
  let code: number | undefined;
  try {
    command().parse(['--sevrice', 'api'], { from: 'user' });
  } catch (error) {
    code = (error as CommanderError).exitCode;
  }
  expect(code).toBe(2);
});
