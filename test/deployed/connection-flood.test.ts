import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { modelsOf } from '../../constructs/models.js';
import { eventually } from '../support/eventually.js';
import { command, startedAt } from '../support/faults.js';
import { runHelper } from '../support/helper-container.js';
import { it, note, usePlatform } from '../support/live.js';

// A flood can end the engine's port forwarder, which `start` revives.
const platform = usePlatform({ restore: (running) => command(running, 'start') });
/** More than the share of the port. An engine with few file descriptors loses its forwarder at ~3,300. */
const FLOOD = 3000;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Clients that connect and say nothing. */
async function flood(url: string): Promise<void> {
  for (let number = 0; number < FLOOD; number++) {
    const socket = connect(hostAndPort(url));
    socket.on('error', () => undefined);
    sockets.push(socket);
    if (number % 100 === 99) await pause(20);
  }
}

it(
  'a flood of silent clients at the master port leaves the API and the other ports alone, and lets clients in again',
  async () => {
    const over = new AbortController();
    const answers: { readonly status: number; readonly milliseconds: number }[] = [];
    const asking = (async () => {
      while (!over.signal.aborted) {
        const begun = Date.now();
        const status = await fetch(`${platform().outputs.api.url}/v1/items/flood`, {
          signal: AbortSignal.timeout(5000),
        })
          .then(async (response) => {
            await response.arrayBuffer();
            return response.status;
          })
          .catch(() => 0);
        answers.push({ status, milliseconds: Date.now() - begun });
        await pause(20);
      }
    })();
    await flood(platform().outputs.redis.masterUrl);
    const flooded = Date.now();
    const replica = platform().atReplicas();
    expect(await replica.ping()).toBe('PONG');
    const client = platform().atMaster();
    await eventually(() => client.ping(), { within: Duration.seconds(15) });
    const waited = Date.now() - flooded;
    over.abort();
    await asking;
    const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
    note(
      `${FLOOD} silent clients: a new one gets in after ${waited} ms; slowest of ${answers.length} API answers ${slowest} ms`,
    );
    expect(answers.filter(({ status }) => status !== 404)).toEqual([]);
    expect(slowest).toBeLessThan(3000);
    // The port forwarder and this machine come on top.
    const route = modelsOf(platform().topology, 'proxy')[0]?.tcp.find(({ role }) => role === 'master');
    expect(waited).toBeLessThan((route?.firstWordMs ?? 0) + 5000);
    platform().disconnect(client);
    platform().disconnect(replica);
  },
  Duration.seconds(60),
);

it(
  'a published port whose forwarder died is in the status, and a start revives that container alone',
  async () => {
    const { port } = hostAndPort(platform().outputs.redis.masterUrl);
    const helper = { user: '0:0', PidMode: 'host', CapAdd: ['KILL', 'SYS_PTRACE'] };
    const find = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^[^ ]*docker-proxy .*-host-port ${port} ' && echo \${p#/proc/}; done; true`;
    const pids = (await runHelper(platform(), find, helper)).trim().split(/\s+/).filter(Boolean);
    if (pids.length === 0) {
      note('this engine forwards ports in another way: nothing to kill');
      return;
    }
    const others = platform().nodes;
    const before = await Promise.all(['proxy-0', ...others].map((name) => startedAt(platform(), name)));
    await runHelper(platform(), `kill -9 ${pids.join(' ')}`, helper);
    const status = await platform().status();
    expect(status.problems).toContainEqual(
      expect.stringContaining(`127.0.0.1:${port} (redis-master) takes no connection`),
    );
    const { exitCode, all } = await command(platform(), 'start');
    expect([exitCode, exitCode === 0 ? '' : all]).toEqual([0, '']);
    await platform().healthy();
    const after = await Promise.all(['proxy-0', ...others].map((name) => startedAt(platform(), name)));
    expect(after.map((time, index) => time !== before[index])).toEqual([true, ...others.map(() => false)]);
  },
  Duration.seconds(180),
);
