import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { refuseForeignFiles, refuseProxiedLoopback } from '../../../../cli/bootstrap/surroundings.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** Any user but root. */
const SOMEBODY = 65534;
const proxied = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://proxy.example:3128' };

test.each([
  [proxied, '24.1.0', true],
  [proxied, '22.21.1', true],
  [proxied, '26.0.0', true],
  [{ NODE_OPTIONS: '--use-env-proxy', http_proxy: 'http://proxy.example' }, '24.1.0', true],
  [{ ...proxied, NO_PROXY: 'example.com, 127.0.0.1' }, '24.1.0', false],
  [{ ...proxied, no_proxy: '*' }, '24.1.0', false],
  [{ ...proxied, NO_PROXY: '127.0.0.10' }, '24.1.0', true],
  [proxied, '20.20.2', false],
  [proxied, '22.20.0', false],
  [{ NODE_USE_ENV_PROXY: '1' }, '24.1.0', false],
  [{ HTTP_PROXY: 'http://proxy.example' }, '24.1.0', false],
])('%j on Node %s: refused %s', (env, node, refused) => {
  const look = () => {
    refuseProxiedLoopback(env, node);
  };
  if (refused) expect(look).toThrow(/Add 127.0.0.1 to NO_PROXY/);
  else expect(look).not.toThrow();
});

const asRoot = process.getuid?.() === 0;

test('what root left in the checkout is refused with the line that gives it back', () => {
  const folder = temporaryFolder('owner');
  try {
    const inner = join(folder, 'dev');
    mkdirSync(inner);
    chmodSync(inner, 0o555);
    // To root, and to who made it so, everything is allowed.
    refuseForeignFiles([folder, join(folder, 'nothing')]);
    if (!asRoot) return;
    const modules = join(folder, 'modules');
    for (const name of ['surroundings.mjs', 'programs.mjs', 'paths.mjs']) {
      cpSync(join('cli', 'bootstrap', name), join(modules, name));
    }
    chmodSync(folder, 0o755);
    chownSync(folder, SOMEBODY, SOMEBODY);
    chownSync(modules, SOMEBODY, SOMEBODY);
    const code = `
      import(${JSON.stringify(pathToFileURL(join(modules, 'surroundings.mjs')).href)})
        .then(({ refuseForeignFiles }) => refuseForeignFiles([${JSON.stringify(folder)}, '/nothing']))
        .catch(({ message }) => { console.log(message); process.exitCode = 7; });`;
    const run = () => spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', uid: SOMEBODY, cwd: '/' });
    const { status, stdout } = run();
    expect(stdout).toContain(`${inner} cannot be written by this user: it belongs to root`);
    expect(stdout).toContain(`sudo chown -R "$(id -un)" "${folder}"`);
    expect(status).toBe(7);
    chownSync(inner, SOMEBODY, SOMEBODY);
    expect(run()).toMatchObject({ status: 0, stdout: '' });
  } finally {
    chmodSync(join(folder, 'dev'), 0o755);
  }
});
