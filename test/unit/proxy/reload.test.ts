import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { findProgram } from '../../../cli/bootstrap/programs.mjs';

// What HAProxy makes of it is tested with a platform; here, what it is told.

const perl = process.platform === 'win32' ? undefined : findProgram('perl');
const example = perl === undefined ? test.skip : test;
const reason = perl === undefined ? ' (skipped: perl is not here)' : '';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reload-'));
  mkdirSync(join(folder, 'config'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** As HAProxy 3.0 prints it: the fields that count are backend, name, address and port. */
const state = (backend: string, name: string, address: string, port: number, check = '15 3 4 6') =>
  `6 ${backend} 1 ${name} ${address} 2 0 1 1 738 ${check} 0 0 0 - ${port} - 0 0 - - 0`;
/** While it is asked. */
const ASKED = '0 0 4 7';
/** As renderProxyConfig writes them. */
const CONFIG = `frontend redis-master
    mode tcp
    default_backend redis-master

backend http
    mode http
    option httpchk
    server api-0 10.0.0.9:8080 maxconn 200

backend redis-master
    mode tcp
    option tcp-check
    server redis-0 10.0.0.1:6379
    server redis-1 10.0.0.2:6380
    server new 10.0.0.3:1

backend redis-0
    mode tcp
    server redis-0 10.0.0.1:6379
`;

/** What a worker is told of servers. */
async function told(option: string[]): Promise<Record<string, string>> {
  const script = readFileSync('images/haproxy/haproxy-reload', 'utf8')
    .replaceAll("'/tmp/", `'${folder}/`)
    .replaceAll('/config/', `${folder}/config/`);
  writeFileSync(join(folder, 'reload'), script);
  chmodSync(join(folder, 'reload'), 0o755);
  writeFileSync(join(folder, 'config', 'secrets.cfg'), '');
  writeFileSync(join(folder, 'config', 'haproxy.cfg'), CONFIG);
  await execa(perl ?? '', [join(folder, 'reload'), ...option]);
  const [version, , ...servers] = readFileSync(join(folder, 'haproxy-servers'), 'utf8').trim().split('\n');
  expect(version).toBe('1');
  return Object.fromEntries(
    servers.map((line) => {
      const [, backend, , name, , up, , , , , ...check] = line.split(' ');
      // HAProxy 3.0 never asks a server again of which it is told another result than 2 (bad) and 3 (good).
      expect([line, check[1], check[3]]).toEqual([line, up === '2' ? '3' : '2', '6']);
      return [`${backend ?? ''}/${name ?? ''}`, up === '2' ? 'up' : 'down'];
    }),
  );
}

example(
  `a reload hands on servers whose address and port are as they were, as HAProxy would keep the old port; others are down at first${reason}`,
  async () => {
    const known = [
      state('http', 'api-0', '10.0.0.9', 8080),
      state('redis-master', 'redis-0', '10.0.0.1', 6379, ASKED),
      state('redis-master', 'redis-1', '10.0.0.2', 6379),
      state('redis-master', 'old', '10.0.0.3', 1),
    ];
    const asked: string[] = [];
    // It answers once the asker has closed its side.
    const master = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (piece) => (text += piece.toString()));
      socket.on('end', () => {
        asked.push(text.trim());
        socket.end(text.startsWith('reload') ? 'Success=1\n' : ['1', '# be_id be_name', ...known, '', ''].join('\n'));
      });
    });
    await new Promise<void>((listening) => {
      master.listen(join(folder, 'haproxy-master.sock'), listening);
    });
    try {
      expect(await told([])).toEqual({
        'http/api-0': 'up',
        'redis-master/redis-0': 'up',
        'redis-master/redis-1': 'down',
        'redis-master/new': 'down',
      });
    } finally {
      master.close();
    }
    expect(asked).toEqual(['@1 show servers state', 'reload']);
  },
);

example(`at a start, servers that must say what they are count as down until they have${reason}`, async () => {
  const down = ['redis-0', 'redis-1', 'new'].map((name) => [`redis-master/${name}`, 'down']);
  expect(await told(['--before-start'])).toEqual(Object.fromEntries(down));
});
