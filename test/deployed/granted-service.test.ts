import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Redis } from 'ioredis';
import { deploymentName } from '../../constructs/core/deployment.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { Clone } from '../support/clone.js';
import { it } from '../support/live.js';

const STACK = 'stacks/platform-stack.ts';
/** The API's image as an own service that may only read; the proxy leads to it while it answers /health, for which it asks Redis. */
const WORKER = `    const worker = new HttpService(this, 'worker', {
      image: ContainerImage.fromCatalog('api'),
      replicas: 1,
      healthCheck: HealthCheck.command(['api', 'healthcheck']),
    });
    proxy
      .listen('worker', { port: 17081 })
      .route('/under/', worker.http, { stripPrefix: true })
      .route('/under/it/', worker.http, { stripPrefix: true });
    redis.grant(worker.service, 'read', { prefix: 'orders/' });

`;
const IMPORTS = `import { ContainerImage } from '../constructs/core/container-image.js';
import { HealthCheck } from '../constructs/core/health-check.js';
import { HttpService } from '../constructs/http/http-service.js';
`;

/** Edits are part of it, so the sources are a copy. */
let clone: Clone;
const instance = `granted${processEnv['PLATFORM_INSTANCE'] ?? ''}`.slice(0, 16);
const place = ['--env', 'ci', '--instance', instance];

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await clone.run(...args, ...place);
  expect([code, stdout + stderr]).toEqual([0, stdout + stderr]);
  return stdout + stderr;
}

beforeAll(() => {
  clone = new Clone();
}, 120_000);

afterAll(async () => {
  try {
    await succeed('destroy', '--delete-data', '--yes');
  } finally {
    clone.remove();
  }
}, 240_000);

it(
  'a service that is granted something while the platform runs comes after the nodes, logs in, and may do just that',
  async () => {
    await succeed('start');
    const [first, body] = ["import type { Construct } from 'constructs';\n", "    if (flavour !== 'off') {\n"];
    clone.edit(STACK, first, `${first}${IMPORTS}`);
    clone.edit(STACK, body, `${WORKER}${body}`);
    const plan = await clone.run('plan', ...place);
    expect([plan.code, plan.stdout + plan.stderr]).toEqual([
      2,
      expect.stringMatching(
        /One by one[^]*Replace redis-sentinel-\d[^]*Hand over and replace redis-\d[^]*Add worker-0/,
      ),
    ]);
    await succeed('start');
    // Also that the proxy leads to the worker.
    await succeed('wait', '--for', 'all', '--timeout', '120s');
    expect((await clone.run('plan', ...place)).code).toBe(0);

    const outputs = JSON.parse((await clone.run('outputs', '--json', ...place)).stdout) as {
      list: { id: string; url: string }[];
      redis: { masterUrl: string };
    };
    const under = outputs.list.find(({ id }) => id === 'worker:under')?.url ?? '';
    // The API serves /health and nothing below it: what it answers shows which prefix was taken away.
    const statuses = ['health', 'it/health', 'other/health'].map(
      async (path) => (await fetch(`${under}${path}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
    const nowhere = await fetch(new URL('/health', under));
    expect([nowhere.status, await nowhere.json()]).toEqual([
      404,
      {
        error: {
          code: 'not_found',
          message: 'Nothing is served at this path.',
          requestId: nowhere.headers.get('x-request-id'),
        },
      },
    ]);
    const { hostname, port } = new URL(outputs.redis.masterUrl);
    const secrets = join(clone.folder, '.platform', deploymentName('ci', instance), 'secrets');
    const password = readFileSync(join(secrets, 'redis-worker'), 'utf8').trim();
    const client = new Redis({
      host: hostname,
      port: Number(port),
      username: 'worker',
      password,
      enableReadyCheck: false,
    });
    try {
      expect(await client.get('orders/1')).toBeNull();
      await expect(client.get('item:1')).rejects.toThrow('NOPERM');
      await expect(client.set('orders/1', 'x')).rejects.toThrow('NOPERM');
    } finally {
      client.disconnect();
    }
  },
  // Two starts, one of which replaces everything one by one.
  Duration.seconds(600),
);
