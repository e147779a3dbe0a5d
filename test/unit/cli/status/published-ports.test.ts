import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Inspected } from '../../../../cli/status/containers.js';
import { deadPortFindings, deadPorts, publishedPorts } from '../../../../cli/status/published-ports.js';
import type { Topology } from '../../../../constructs/core/topology.js';

const topology = {
  services: [{ name: 'proxy', instances: [{ name: 'proxy-0', container: 'rp-dev-proxy-0' }] }],
  published: [
    { name: 'http', service: 'proxy', address: '127.0.0.1', hostPort: 8080, containerPort: 8080 },
    { name: 'stats', service: 'proxy', address: '127.0.0.1', hostPort: 8404, containerPort: 8404 },
  ],
} as unknown as Topology;

/** @param bindings host ports of 8080 and 8404 */
function running(bindings: Record<string, { HostIp?: string; HostPort: string }[]>, Status = 'running') {
  const State = { Status, ExitCode: 0, OOMKilled: false, StartedAt: '2026-11-22T15:00:00Z' };
  const inspected: Inspected = { RestartCount: 0, HostConfig: { PortBindings: bindings }, State };
  return new Map([['rp-dev-proxy-0', inspected]]);
}

const servers: Server[] = [];
async function listening(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('published ports', () => {
  it('are where the engine was told to publish them, which is not where the topology says for an instance', () => {
    const containers = running({
      '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '20001' }],
      '8404/tcp': [{ HostIp: '0.0.0.0', HostPort: '20002' }],
    });
    expect(publishedPorts(topology, containers).map(({ name, host, port }) => [name, host, port])).toEqual([
      ['http', '127.0.0.1', 20001],
      ['stats', '127.0.0.1', 20002],
    ]);
  });

  it('of a container that does not run, or of none, are nobody’s concern', () => {
    expect(publishedPorts(topology, running({ '8080/tcp': [{ HostPort: '1' }] }, 'exited'))).toEqual([]);
    expect(publishedPorts(topology, new Map())).toEqual([]);
    expect(publishedPorts(topology, running({}))).toEqual([]);
  });

  it('that take no connection are a problem that says what to do; those that do are none', async () => {
    const [alive, closed] = [await listening(), await listening()];
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const containers = running({
      '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: String(closed) }],
      '8404/tcp': [{ HostIp: '127.0.0.1', HostPort: String(alive) }],
    });
    const dead = await deadPorts(publishedPorts(topology, containers));
    expect(deadPortFindings(dead)).toEqual([
      {
        about: 'proxy-0',
        problem: `127.0.0.1:${closed} (http) takes no connection, although proxy-0 publishes it: what forwards it has died. Run \`npm start\`, which starts proxy-0 again.`,
      },
    ]);
  });
});
