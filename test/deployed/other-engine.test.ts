import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { execa } from 'execa';
import { Duration } from '../../constructs/core/units.js';
import { commandLine } from '../support/faults.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();
const OTHER = 'another-engine';

/** Says of itself what the real one says, but for its id; whatever else it is asked, it writes down and refuses. */
let engine: Server;
const asked: string[] = [];

beforeAll(async () => {
  const { docker } = platform();
  const [version, info] = await Promise.all([docker.version(), docker.info() as Promise<object>]);
  engine = createServer(({ method = '', url = '' }, response) => {
    const path = url.replace(/^\/v[\d.]+/, '');
    response.setHeader('content-type', 'application/json');
    if (method === 'GET' && path === '/version') response.end(JSON.stringify(version));
    else if (method === 'GET' && path === '/info') response.end(JSON.stringify({ ...info, ID: OTHER }));
    else {
      asked.push(`${method} ${path}`);
      response.writeHead(500).end('{"message":"not asked for"}');
    }
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  engine.closeAllConnections();
  engine.close();
});

const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['start'],
  ['start', '--yes'],
  ['plan'],
  ['prepare-machine'],
  ['down'],
  ['destroy', '--yes'],
  ['destroy', '--delete-data', '--yes'],
  ['status'],
  ['doctor'],
];

for (const [name, ...options] of COMMANDS) {
  it(
    `another engine under the same checkout: ${[name, ...options].join(' ')} says so with the ways out, and touches nothing`,
    async () => {
      asked.length = 0;
      const before = filesOf(platform().context.paths.folder);
      const { port } = engine.address() as AddressInfo;
      const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONTEXT: '', DOCKER_TLS_VERIFY: '' };
      const line = commandLine(platform(), name, ...options);
      const { exitCode, all } = await execa(process.execPath, line, { reject: false, all: true, stdin: 'ignore', env });
      expect([exitCode, all]).toEqual([1, expect.stringContaining('was deployed on another Docker engine')]);
      for (const way of [OTHER, platform().engine.id, `DOCKER_HOST=${platform().engine.host}`, '--instance NAME'])
        expect(all).toContain(way);
      expect(asked).toEqual([]);
      expect(filesOf(platform().context.paths.folder)).toEqual(before);
    },
    Duration.seconds(60),
  );
}

it('the deployment is as well as before', async () => {
  expect((await platform().status()).problems).toEqual([]);
});

/** With their contents. */
function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const files = entries.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(files.map((file) => [file, readFileSync(file, 'base64')]));
}
