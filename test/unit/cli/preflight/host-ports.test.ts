import { describe, expect, it } from '@jest/globals';
import { type AddressInfo, createServer } from 'node:net';
import { checkPorts, excluded, hostPorts, unpublished } from '../../../../cli/preflight/host-ports.js';
import { UNPREPARED_SITE } from '../../../../environments/site.js';
import { engineWith } from '../../../support/fake-engine.js';
import { contextIn, topologyOf } from '../../../support/offline-deployment.js';

const setting = 'proxy.ports.http in environments/dev.ts';

async function listening<T>(act: (port: number) => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await act((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

describe('host ports', () => {
  it('a free one is no problem', async () => {
    const free = await listening((port) => Promise.resolve(port));
    expect(await checkPorts(contextIn(), await engineWith(), [{ name: 'http', port: free, setting }])).toEqual([]);
  });

  it('a taken one is named with what holds it and the setting to change', async () => {
    await listening(async (port) => {
      const problems = await checkPorts(contextIn(), await engineWith(), [{ name: 'http', port, setting }]);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.what).toContain(`port ${port} on 127.0.0.1, for http, is taken`);
      expect(problems[0]?.fix).toContain(`change ${setting}, or use --instance NAME`);
      // Elsewhere a best effort; here the tools are part of the test's own base.
      if (process.platform === 'linux') expect(problems[0]?.what).toContain(`(process ${process.pid})`);
    });
  });

  it('all taken ones are listed', async () => {
    const engine = await engineWith();
    await listening((one) =>
      listening(async (other) => {
        const ports = [one, other].map((port) => ({ name: `p${port}`, port, setting }));
        expect(await checkPorts(contextIn(), engine, ports)).toHaveLength(2);
      }),
    );
  });

  it('what another container publishes is its, what this deployment publishes is its own', async () => {
    const engine = await engineWith({
      containers: [
        { id: '1', name: 'shop-web', ports: [{ IP: '0.0.0.0', PublicPort: 20_001 }] },
        {
          id: '2',
          name: 'rp-dev-proxy-0',
          labels: { 'redis-platform.deployment': 'dev' },
          ports: [{ IP: '127.0.0.1', PublicPort: 20_002 }],
        },
      ],
    });
    const ports = [20_001, 20_002].map((port) => ({ name: 'http', port, setting: undefined }));
    const problems = await checkPorts(contextIn(), engine, ports);
    expect(problems.map(({ what }) => what)).toEqual([
      'port 20001 on 127.0.0.1, for http, is taken by the container shop-web',
    ]);
    expect((await unpublished(contextIn(), engine, ports)).map(({ port }) => port)).toEqual([20_001]);
  });

  it('that Windows keeps for itself are named with their range and both ways out', () => {
    const range = { first: 8010, last: 8109 };
    expect(excluded({ name: 'http', port: 8080, setting }, range)).toMatchObject({
      what: expect.stringMatching(/^port 8080, for http, is among .*excludedportrange/) as unknown,
      got: '8010 to 8109',
      fix: expect.stringMatching(/startport=8080 numberofports=1.*change proxy\.ports\.http/) as unknown,
    });
    expect(excluded({ name: 'http', port: 8080, setting: undefined }, range).fix).toMatch(
      /Or choose another --instance NAME\.$/,
    );
  });

  it('that are published on every address clash with a listener on any', async () => {
    const context = contextIn();
    const publishOn = { address: '0.0.0.0', reason: 'the shop runs elsewhere' };
    const environment = { ...context.environment, network: { ...context.environment.network, publishOn } };
    const engine = await engineWith({
      containers: [{ id: '1', name: 'shop-web', ports: [{ IP: '192.168.1.10', PublicPort: 20_001 }] }],
    });
    const ports = [{ name: 'http', port: 20_001, setting: undefined }];
    expect(await checkPorts(context, engine, ports)).toEqual([]);
    expect((await checkPorts({ ...context, environment }, engine, ports)).map(({ what }) => what)).toEqual([
      'port 20001 on 0.0.0.0, for http, is taken by the container shop-web',
    ]);
  });

  it('cannot be published on an address that is not of this machine, which is said once', async () => {
    const context = contextIn();
    // For documentation (RFC 5737).
    const publishOn = { address: '198.51.100.1', reason: 'the shop runs elsewhere' };
    const environment = { ...context.environment, network: { ...context.environment.network, publishOn } };
    const ports = [20_001, 20_002].map((port) => ({ name: 'http', port, setting: undefined }));
    const problems = await checkPorts({ ...context, environment }, await engineWith(), ports);
    expect(problems).toEqual([
      expect.objectContaining({ what: 'network.publishOn.address cannot be used here', got: '198.51.100.1' }),
    ]);
  });

  it('are named by their settings, or picked for an instance', () => {
    const { environment } = contextIn();
    const topology = topologyOf(environment);
    const declared = hostPorts(topology, UNPREPARED_SITE);
    expect(declared).toHaveLength(topology.published.length);
    expect(declared).toContainEqual({
      name: 'sentinel-2',
      port: 26_381,
      setting: 'proxy.ports.sentinels in environments/dev.ts',
    });
    expect(declared).toContainEqual({
      name: 'redis-replicas',
      port: 6380,
      setting: 'proxy.ports.redisReplicas in environments/dev.ts',
    });
    const site = { ...UNPREPARED_SITE, deployments: { dev: { baseCidr: '10.214.0.0/20', ports: { http: 20_005 } } } };
    expect(hostPorts(topology, site)).toContainEqual({ name: 'http', port: 20_005, setting: undefined });
  });
});
