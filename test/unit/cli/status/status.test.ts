import { describe, expect, it } from '@jest/globals';
import { namesByAddress } from '../../../../cli/status/addresses.js';
import { gatherStatus, undeployed } from '../../../../cli/status/gather.js';
import { demultiplex } from '../../../../cli/status/logs.js';
import { describeProgress, waitUntilReady } from '../../../../cli/status/ready.js';
import { renderStatus } from '../../../../cli/status/render.js';
import type { Status } from '../../../../cli/status/status.js';
import { paintFor, PLAIN, renderTable } from '../../../../cli/terminal/table.js';
import { Duration } from '../../../../constructs/core/units.js';
import { engineWith } from '../../../support/fake-engine.js';
import { contextIn, topologyOf } from '../../../support/offline-deployment.js';

const container = (name: string, ok: boolean) => ({
  name,
  container: `rp-dev-${name}`,
  role: 'service' as const,
  supporting: false,
  state: 'running',
  health: ok ? ('healthy' as const) : ('starting' as const),
  restarts: 0,
  startedAt: '2026-11-22T15:00:00Z',
  ok,
});

const starting: Status = {
  ...undeployed('dev', 'redis-1 is starting.'),
  lasting: [],
  concerned: ['redis-1'],
  containers: [container('redis-0', true), container('redis-1', false)],
  redis: {
    master: 'redis-0',
    address: '10.213.0.130',
    offset: 10,
    replicas: [{ name: 'redis-1', address: '', link: 'missing', offset: 0, bytesBehind: 0, lagSeconds: 0 }],
    lease: null,
  },
  sentinels: [
    {
      name: 'redis-sentinel-0',
      master: null,
      flags: [],
      replicas: 0,
      electable: [],
      otherSentinels: 0,
      configEpoch: 0,
      quorum: false,
      ok: false,
    },
  ],
  backends: [
    { name: 'http', expectedUp: 1, ok: true, servers: [{ name: 'api-0', up: true, status: 'UP', check: 'L7OK' }] },
  ],
};

describe('the status', () => {
  it('of something that was never deployed is one clear problem', async () => {
    const context = contextIn();
    const { docker } = await engineWith();
    const status = await gatherStatus(context, docker, topologyOf(context.environment));
    expect(status).toEqual(undeployed('dev', 'dev is not deployed. Run `npm start`.'));
    expect(renderStatus(status, PLAIN)).toBe('dev has a problem:\n- dev is not deployed. Run `npm start`.\n');
  });

  it('without an engine is a problem, and waiting for it an error at once', async () => {
    const context = contextIn();
    const { docker, stop } = await engineWith();
    const topology = topologyOf(context.environment);
    stop();
    const status = await gatherStatus(context, docker, topology);
    expect(status.problems).toEqual([expect.stringContaining('the Docker engine does not answer')]);
    const waiting = waitUntilReady(context, docker, topology, { within: Duration.seconds(60) });
    await expect(waiting).rejects.toThrow('the Docker engine stopped answering while dev was starting');
  });

  it('that stays bad until the deadline ends in its problems', async () => {
    const context = contextIn();
    const { docker } = await engineWith();
    const within = Duration.milliseconds(300);
    const seen: string[] = [];
    const waiting = waitUntilReady(context, docker, topologyOf(context.environment), {
      within,
      onProgress: (text) => seen.push(text),
    });
    await expect(waiting).rejects.toThrow(/dev is not ready after 1 s: this is still wrong:\n- dev is not deployed/);
    expect(seen.length).toBeGreaterThan(0);
  });

  it('shows the lease of a master that is fenced without one', () => {
    const redis = starting.redis && { ...starting.redis, lease: { remainingMs: 1240, fences: 2 } };
    const [, , , , head, master, replica] = renderStatus({ ...starting, redis }, PLAIN).split('\n');
    expect([head, master, replica].map((line) => line?.split(/ {2,}/).at(-1))).toEqual([
      'Lease',
      '1240 ms left, fenced 2 times',
      '-',
    ]);
  });

  it('while starting says how far it is', () => {
    expect(describeProgress(starting)).toBe('1/2 containers healthy, waiting for redis-1');
  });

  it('is a table for each part, aligned, and the problems', () => {
    expect(renderStatus(starting, PLAIN, new Date('2026-11-22T15:05:00Z'))).toBe(
      `Container  State     Running for  Restarts
redis-0    healthy   5 min        -
redis-1    starting  5 min        -

Redis    Role     Link     Offset  Bytes behind  Lag
redis-0  master   -        10      -             -
redis-1  replica  missing  0       0             0 s

Sentinel          State      Says master  Which is  Replicas  Others  Epoch
redis-sentinel-0  no answer  -            -         -         -       -

Proxy  Up      Leads to  Not to
http   1 of 1  api-0     -

dev has a problem:
- redis-1 is starting.
`,
    );
  });
});

describe('addresses', () => {
  it('of another instance are named like the declared ones', () => {
    const topology = topologyOf(contextIn().environment);
    const at = { host: '127.0.0.1', port: 1 };
    const natMap = { '10.220.17.2:26379': at, '10.220.16.131:6379': at, '10.220.16.130:6379': at };
    const names = namesByAddress(topology, natMap);
    expect(names.get('10.220.16.130')).toBe('redis-0');
    expect(names.get('10.220.16.132')).toBe('redis-2');
    expect(names.get('10.220.17.4')).toBe('redis-sentinel-2');
    expect(names.has('10.213.0.130')).toBe(false);
  });
});

describe('what is printed', () => {
  it('is aligned without counting colours', () => {
    const paint = paintFor({ isTTY: false });
    expect(renderTable(['A', 'B'], [['\u001b[31mlong\u001b[39m', 'x']], paint)).toEqual([
      'A     B',
      '\u001b[31mlong\u001b[39m  x',
    ]);
  });

  it('of a log is both streams without their frames', () => {
    const frame = (stream: number, text: string) =>
      Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, Buffer.byteLength(text)]), Buffer.from(text)]);
    expect(demultiplex(Buffer.concat([frame(1, 'größe\n'), frame(2, 'error\n')]))).toBe('größe\nerror\n');
  });
});
