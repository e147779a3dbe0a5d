import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { Faults } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';
import { runHelper } from '../support/helper-container.js';

const platform = usePlatform();
const faults = () => new Faults(platform());
const WITHIN = Duration.seconds(120);
/** Measured: 0.1 s to 2 s, and down-after is 1.5 s; the rest is a loaded machine's. */
const CUT_WITHIN_MS = 8000;

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await faults().undo();
  await platform().healthy();
}, 90_000);

/** A client that cannot tell a frozen server from a silent one: no time-outs, no Sentinel, no reconnecting. */
function plainClient(
  url: string,
  ...commands: string[][]
): { readonly ended: Promise<number>; readonly begun: number } {
  const { hostname, port } = new URL(url);
  const { username, password } = platform().login('app');
  const socket = connect({ host: hostname, port: Number(port) });
  sockets.push(socket);
  const begun = Date.now();
  for (const words of [['AUTH', username, password], ...commands]) {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
  }
  const ended = new Promise<number>((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(Date.now());
    });
  });
  socket.resume();
  return { ended, begun };
}

/** One after the other through the master port, each writes once, until it is over. */
async function newSessions(over: AbortSignal): Promise<{ readonly made: number; readonly refused: readonly string[] }> {
  const refused: string[] = [];
  let made = 0;
  while (!over.aborted) {
    const client = platform().atMaster(undefined, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => undefined); // the command says so too
    try {
      await client.set('proxy-sessions:new', 'x', 'EX', 60);
      made++;
    } catch (error) {
      refused.push(String(error));
    } finally {
      platform().disconnect(client);
    }
    await pause(10);
  }
  return { made, refused };
}

const KINDS: Readonly<Record<string, string[][]>> = {
  idle: [],
  'blocked in BLPOP': [['BLPOP', 'proxy-sessions:nothing', '0']],
  subscribed: [['SUBSCRIBE', 'proxy-sessions']],
};

/** Sessions of every kind, and new ones every 50 ms until it is all over. None may stay. */
async function expectCut(what: string, url: string, fail: () => Promise<unknown>, from: string): Promise<void> {
  const open = Object.entries(KINDS).map(([kind, commands]) => ({ kind, ...plainClient(url, ...commands) }));
  await pause(500);
  const failed = Date.now();
  const newcomer = new AbortController();
  const connecting: { readonly ended: Promise<number>; readonly begun: number }[] = [];
  const newcomers = (async () => {
    while (!newcomer.signal.aborted) {
      connecting.push(plainClient(url, ['QUIT']));
      await pause(50);
    }
  })();
  await fail();
  try {
    for (const { kind, ended } of open) {
      const end = await Promise.race([ended, pause(failed + CUT_WITHIN_MS - Date.now()).then(() => undefined)]);
      expect([kind, end === undefined ? 'still open' : 'ended']).toEqual([kind, 'ended']);
      note(`${what}, ${kind}: cut after ${(((end ?? 0) - failed) / 1000).toFixed(2)} s`);
    }
    await eventually(
      async () => {
        const { redis } = await platform().status();
        if (!redis || redis.master === from) throw new Error(`${from} is still the master`);
      },
      // A Sentinel that another test froze calls nobody down for 30 s (TILT).
      { within: Duration.seconds(45) },
    );
  } finally {
    newcomer.abort();
    await newcomers;
  }
  // Those that were just connecting when the master went, too.
  const late = connecting.map(({ ended }) =>
    Promise.race([ended.then(() => 'ended'), pause(CUT_WITHIN_MS).then(() => 'still open')]),
  );
  expect((await Promise.all(late)).filter((end) => end !== 'ended')).toEqual([]);
}

describe('a session through the master port ends within seconds', () => {
  it(
    'when the master freezes',
    async () => {
      const master = await platform().master();
      await expectCut('frozen', platform().outputs.redis.masterUrl, () => faults().freeze(master), master);
    },
    WITHIN,
  );
  it(
    'when the redis-server of the master dies',
    async () => {
      const master = await platform().master();
      await expectCut('crashed', platform().outputs.redis.masterUrl, () => faults().killRedisServer(master), master);
    },
    WITHIN,
  );
  it(
    "when the master's address goes with its container",
    async () => {
      const master = await platform().master();
      await expectCut('removed', platform().outputs.redis.masterUrl, () => faults().killForGood(master), master);
    },
    WITHIN,
  );
  it(
    'when the network to the master is cut, so that new connections get no answer at all',
    async () => {
      const master = await platform().master();
      const { resource = '' } = platform().topology.networks.find(({ name }) => name === 'redis') ?? {};
      const network = platform().docker.getNetwork(resource);
      const container = platform().containerName(master);
      const { NetworkSettings } = await platform().container(master).inspect();
      const address = NetworkSettings.Networks[resource]?.IPAddress ?? '';
      const cut = () => network.disconnect({ Container: container, Force: true });
      try {
        await expectCut('cut off', platform().outputs.redis.masterUrl, cut, master);
      } finally {
        await network.connect({
          Container: container,
          EndpointConfig: { IPAMConfig: { IPv4Address: address } },
        });
      }
    },
    WITHIN,
  );
  it(
    'when the master is stopped as planned',
    async () => {
      const master = await platform().master();
      await expectCut('planned', platform().outputs.redis.masterUrl, () => faults().stop(master), master);
    },
    WITHIN,
  );
});

it(
  'a session through the replicas’ port ends within seconds when its replica freezes, and the others stay',
  async () => {
    const { redis } = await platform().healthy();
    const clients = Array.from({ length: 6 }, () => plainClient(platform().outputs.redis.replicasUrl));
    await pause(500);
    await faults().freeze(redis?.replicas[0]?.name ?? '');
    const ends = await Promise.all(
      clients.map(({ ended }) => Promise.race([ended.then(() => true), pause(CUT_WITHIN_MS).then(() => false)])),
    );
    expect(ends.filter(Boolean)).toHaveLength(3);
  },
  WITHIN,
);

it(
  'a master that is busy for a second stays in, and its sessions with it',
  async () => {
    const master = await platform().master();
    const client = plainClient(platform().outputs.redis.masterUrl, ['SUBSCRIBE', 'proxy-sessions']);
    const ended = client.ended.then(() => 'ended');
    await pause(500);
    const server = (await platform().processes(master)).find(({ command }) => command.startsWith('redis-server'));
    const pid = server?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    const helper = { user: '0:0', PidMode: 'host', CapAdd: ['KILL'] };
    await runHelper(platform(), `kill -STOP ${pid}; sleep 1; kill -CONT ${pid}`, helper);
    await pause(2500);
    expect(await Promise.race([ended, Promise.resolve('open')])).toBe('open');
    expect((await platform().healthy()).redis?.master).toBe(master);
  },
  WITHIN,
);

it(
  'an API container that stops fails no request',
  async () => {
    const statuses: number[] = [];
    const over = new AbortController();
    const ask = async (method: 'GET' | 'PUT', every: number) => {
      while (!over.signal.aborted) {
        const response = await fetch(`${platform().outputs.api.url}/v1/items/proxy-drain`, {
          method,
          ...(method === 'PUT' && {
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ value: 1, ttlSeconds: 60 }),
          }),
          signal: AbortSignal.timeout(5000),
        }).catch(() => undefined);
        await response?.arrayBuffer();
        statuses.push(response?.status ?? 0);
        await pause(every);
      }
    };
    const load = [5, 5, 5, 400, 900].flatMap((every) => [ask('GET', every), ask('PUT', every)]);
    for (const { name } of platform().service('api').instances) {
      await faults().stop(name);
      await faults().start(name);
      await platform().healthy();
    }
    over.abort();
    await Promise.all(load);
    note(`${statuses.length} requests while each API container stopped and started`);
    expect(statuses.filter((status) => ![200, 201, 404].includes(status))).toEqual([]);
  },
  WITHIN,
);

it(
  'a reload takes over without a gap, and leaves sessions alone',
  async () => {
    // A worker that took all servers for up would send writers to the first.
    if ((await platform().master()) === platform().nodes[0]) {
      await faults().restart(platform().nodes[0] ?? '');
      await platform().healthy();
    }
    expect(await platform().master()).not.toBe(platform().nodes[0]);
    const client = plainClient(platform().outputs.redis.masterUrl, ['SUBSCRIBE', 'proxy-sessions']);
    const ended = client.ended.then(() => 'ended');
    await pause(500);
    const ledger = new Ledger(platform());
    await ledger.start();
    const over = new AbortController();
    const sessions = newSessions(over.signal);
    const proxy = platform().container('proxy-0');
    for (let time = 0; time < 3; time++) {
      const exec = await proxy.exec({ Cmd: ['haproxy-reload'], AttachStdout: true, AttachStderr: true });
      const stream = await exec.start({});
      stream.resume();
      await new Promise((resolve) => stream.once('end', resolve));
      expect((await exec.inspect()).ExitCode).toBe(0);
      await pause(1000);
    }
    over.abort();
    const { made, refused } = await sessions;
    const report = await ledger.stop();
    note(
      `three reloads: longest pause at the master port ${report.outage['master port'].toFixed(2)} s; ${made} new sessions`,
    );
    expect(refused).toEqual([]);
    expect(made).toBeGreaterThan(20);
    expect(Object.keys(report.apiAnswers).filter((status) => !['200', '201'].includes(status))).toEqual([]);
    expect(await Promise.race([ended, Promise.resolve('open')])).toBe('open');
  },
  WITHIN,
);
