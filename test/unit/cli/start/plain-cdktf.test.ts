import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkContext } from '../../../../cli/start/plain-cdktf.js';
import { holdBack, nameEngine } from '../../../../cli/terraform/stack-folder.js';
import { registeredVolumes } from '../../../../cli/deployment/volumes.js';
import { NOT_READY_FILE } from '../../../../constructs/runtime/docker/not-ready.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('cdktf');
});

describe('the engine that Terraform works on', () => {
  const host = 'unix:///var/run/docker.sock';

  test.each([
    ['nothing', {}],
    ['DOCKER_HOST alone', { DOCKER_HOST: host }],
    ['a context alone, which the provider reads as Docker does', { DOCKER_CONTEXT: 'desktop-linux' }],
    ['a context that is empty', { DOCKER_CONTEXT: '', DOCKER_HOST: host }],
    ['a folder alone', { DOCKER_CONFIG: '/etc/docker-config' }],
  ])('is that of Docker with %s', (_, env) => {
    checkContext({ host }, env);
  });

  test.each([
    [
      'of DOCKER_HOST and DOCKER_CONTEXT the provider takes the other one',
      { DOCKER_HOST: host, DOCKER_CONTEXT: 'far' },
    ],
    ['the provider knows no context of that name', { DOCKER_CONTEXT: 'default' }],
    ['the provider looks into another folder', { DOCKER_CONTEXT: 'far', DOCKER_CONFIG: '/etc/docker-config' }],
  ])('would be another one: %s', (_, env) => {
    const said = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), `set DOCKER_HOST=${host}`];
    for (const text of said)
      expect(() => {
        checkContext({ host }, env);
      }).toThrow(text);
  });

  test('stands beside the program, with its certificates', () => {
    nameEngine(folder, { DOCKER_HOST: 'tcp://10.0.0.1:2376', DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '1' });
    const text = readFileSync(join(folder, 'engine_override.tf.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({
      provider: { docker: [{ host: 'tcp://10.0.0.1:2376', cert_path: '/certs' }] },
    });
  });
});

test('what holds a plan back is said in words, until it is fixed', () => {
  const file = join(folder, NOT_READY_FILE);
  holdBack(folder, [{ what: 'the engine lacks an image', got: 'shop', fix: 'Build it.' }]);
  expect(readFileSync(file, 'utf8')).toBe('the engine lacks an image (got shop): Build it. Nothing was changed.\n');
  holdBack(folder, []);
  expect(existsSync(file)).toBe(false);
  holdBack(folder, []);
});

test('data volumes are known by the state, by its backup once that is empty, and by the register', () => {
  const paths = { state: join(folder, 'terraform.tfstate'), volumes: join(folder, 'volumes.json') };
  expect(registeredVolumes(paths)).toEqual([]);
  writeFileSync(paths.state, stateWith('rp-ci-redis-0-data'));
  expect(registeredVolumes(paths)).toEqual(['rp-ci-redis-0-data']);
  // As `npx cdktf destroy --skip-synth` leaves it.
  writeFileSync(`${paths.state}.backup`, stateWith('rp-ci-redis-0-data'));
  writeFileSync(paths.state, JSON.stringify({ version: 4, resources: [] }));
  writeFileSync(paths.volumes, JSON.stringify(['rp-ci-redis-1-data']));
  expect(registeredVolumes(paths)).toEqual(['rp-ci-redis-0-data', 'rp-ci-redis-1-data']);
});

function stateWith(volume: string): string {
  const attributes = { id: '1', name: 'redis-0', volumes: [{ volume_name: volume, read_only: false }] };
  return JSON.stringify({ version: 4, resources: [{ type: 'docker_container', instances: [{ attributes }] }] });
}
