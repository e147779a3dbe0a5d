import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createContext } from '../../../support/context.js';
import { allocateInstance } from '../../../../cli/preflight/instance.js';
import { parseProcRoutes } from '../../../../cli/preflight/routes.js';
import { checkSubnets, hostRanges } from '../../../../cli/preflight/subnets.js';
import type { Topology } from '../../../../constructs/core/topology.js';
import { overlaps } from '../../../../constructs/core/address-plan.js';
import { ci } from '../../../../environments/ci.js';
import { environments } from '../../../../environments/index.js';
import { loadEnvironment } from '../../../../environments/selection.js';
import { UNPREPARED_SITE } from '../../../../environments/site.js';
import { synth, type Synthesized } from '../../../support/synth.js';
import { engineWith } from '../../../support/fake-engine.js';
import { contextIn, topologyOf } from '../../../support/offline-deployment.js';

describe('another instance', () => {
  it('gets a /20 and a port for each published name, and keeps them', async () => {
    const context = contextIn({ instance: 'alice' });
    const topology = topologyOf(context.environment);
    const engine = await engineWith();
    const first = await allocateInstance(context, engine, UNPREPARED_SITE, topology);
    expect(first.baseCidr).toMatch(/^10\.2[1-5]\d\.\d+\.0\/20$/);
    expect(Object.keys(first.ports)).toEqual(topology.published.map(({ name }) => name));
    expect(new Set(Object.values(first.ports)).size).toBe(topology.published.length);
    const kept = { baseCidr: '10.230.0.0/20', ports: { ...first.ports, http: 20_123 } };
    const site = { ...UNPREPARED_SITE, deployments: { [context.name]: kept } };
    expect(await allocateInstance(context, engine, site, topology)).toEqual(kept);
  });

  it('stays out of the way of others, of the engine and of the environments', async () => {
    const context = contextIn({ instance: 'alice' });
    const topology = topologyOf(context.environment);
    const first = await allocateInstance(context, await engineWith(), UNPREPARED_SITE, topology);
    const engine = await engineWith({ networks: [{ id: '1', name: 'vpn', subnet: first.baseCidr }] });
    const site = { ...UNPREPARED_SITE, deployments: { 'dev-bob': first } };
    const second = await allocateInstance(context, engine, site, topology);
    expect(overlaps(first.baseCidr, second.baseCidr)).toBe(false);
    const shared = Object.values(second.ports).filter((port) => Object.values(first.ports).includes(port));
    expect(shared).toEqual([]);
  });

  it('gets a port for what it publishes newly, and leaves the others alone', async () => {
    const context = contextIn({ instance: 'alice' });
    const engine = await engineWith();
    const [http] = topologyOf(context.environment).published;
    const published = http ? [http] : [];
    const first = await allocateInstance(context, engine, UNPREPARED_SITE, { published });
    const more = [...published, ...published.map((port) => ({ ...port, name: 'grafana' }))];
    const site = { ...UNPREPARED_SITE, deployments: { [context.name]: first } };
    const second = await allocateInstance(context, engine, site, { published: more });
    expect(second).toMatchObject(first);
    expect(Object.keys(second.ports)).toHaveLength(2);
  });
});

describe('ten instances side by side', () => {
  /** `dev_alice` and the like: any environment, any names. */
  const deployments = fc.uniqueArray(
    fc.record({
      env: fc.constantFrom(...Object.keys(environments)),
      instance: fc.stringMatching(/^[a-z0-9]{1,16}$/),
    }),
    { minLength: 10, maxLength: 10, selector: ({ env, instance }) => `${env}_${instance}` },
  );

  it('share no name, subnet or port with each other or with the environments themselves, in whatever order they come', async () => {
    const engine = await engineWith();
    const topologies = new Map(
      Object.keys(environments).map((env) => [env, topologyOf(loadEnvironment(Object.values(environments), env))]),
    );
    await fc.assert(
      fc.asyncProperty(deployments, async (ten) => {
        let site = UNPREPARED_SITE;
        for (const { env, instance } of ten) {
          const context = { ...createContext({ env, instance }) };
          const topology = topologies.get(env) as Topology;
          const allocated = await allocateInstance(context, engine, site, topology);
          site = { ...site, deployments: { ...site.deployments, [context.name]: allocated } };
        }
        const others = Object.values(environments).map(({ network, proxy }) => ({
          baseCidr: network.baseCidr,
          ports: proxy.ports as Readonly<Record<string, number>>,
        }));
        const all = [...Object.values(site.deployments), ...others];
        expect(all).toHaveLength(10 + others.length);
        for (const [index, one] of all.entries()) {
          expect(all.findIndex(({ baseCidr }) => overlaps(baseCidr, one.baseCidr))).toBe(index);
        }
        const ports = all.flatMap((one) => Object.values(one.ports));
        expect(new Set(ports).size).toBe(ports.length);
      }),
      { numRuns: 10 },
    );
  });

  it('whose names lead to the same range get two', async () => {
    const engine = await engineWith();
    const alone = async (instance: string, site = UNPREPARED_SITE) =>
      allocateInstance(createContext({ env: 'dev', instance }), engine, site, { published: [] });
    const starts = new Map<string, string>();
    let pair: [string, string] | undefined;
    for (let index = 0; !pair; index++) {
      const { baseCidr } = await alone(`n${index}`);
      const other = starts.get(baseCidr);
      if (other !== undefined) pair = [other, `n${index}`];
      starts.set(baseCidr, `n${index}`);
    }
    const first = await alone(pair[0]);
    const site = { ...UNPREPARED_SITE, deployments: { [`dev_${pair[0]}`]: first } };
    expect(overlaps((await alone(pair[1], site)).baseCidr, first.baseCidr)).toBe(false);
  });

  it('get each port once, also where the names of two ports lead to the same one', async () => {
    const published = Array.from({ length: 400 }, (_, index) => ({
      name: `p${index}`,
    })) as unknown as Topology['published'];
    const context = createContext({ env: 'dev', instance: 'alice' });
    const { ports } = await allocateInstance(context, await engineWith(), UNPREPARED_SITE, { published });
    expect(new Set(Object.values(ports)).size).toBe(400);
  });

  it('are ten deployments that have nothing on the engine in common', async () => {
    const engine = await engineWith();
    let site = UNPREPARED_SITE;
    const used = new Map<string, string>();
    for (const instance of 'abcdefghij') {
      const context = createContext({ env: 'ci', instance });
      const allocated = await allocateInstance(context, engine, site, topologyOf(context.environment));
      site = { ...site, deployments: { ...site.deployments, [context.name]: allocated } };
    }
    for (const instance of [undefined, ...Array.from('abcdefghij')]) {
      for (const part of identity(synth({}, { environment: ci, site, ...(instance !== undefined && { instance }) }))) {
        expect([part, used.get(part)]).toEqual([part, undefined]);
        used.set(part, instance ?? 'ci');
      }
    }
    expect(used.size).toBeGreaterThan(11 * 30);
  });

  /** Everything of which an engine and its host have only one. */
  function identity({ deployment, terraform, topology, networks, containers, seeders }: Synthesized): string[] {
    const volumes = topology.services.flatMap(({ instances }) => instances.flatMap((one) => one.volumes));
    return [
      `deployment ${deployment}`,
      `state ${JSON.stringify(terraform.terraform.backend)}`,
      ...[...containers, ...seeders].map(({ name }) => `container ${name}`),
      ...networks.map(({ name }) => `network ${name}`),
      ...networks.flatMap(({ ipam_config }) => ipam_config.map(({ subnet }) => `subnet ${subnet}`)),
      ...volumes.map(({ name }) => `volume ${name}`),
      ...containers.flatMap(({ ports = [] }) => ports.map(({ external }) => `port ${external}`)),
      ...[...containers, ...seeders].flatMap(({ upload = [] }) => upload.flatMap(({ source }) => source ?? [])),
    ];
  }
});

describe('the range of addresses', () => {
  // 198.51.100.0/24 is for documentation (RFC 5737), so this machine has no interface in it.
  it('must not overlap with a network of the engine, unless it is the own one', async () => {
    const subnet = '198.51.100.128/25';
    const labels = { 'redis-platform.deployment': 'dev' };
    const engine = await engineWith({
      networks: [
        { id: '1', name: 'rp-dev-redis', subnet, labels },
        { id: '2', name: 'shop_default', subnet: '198.51.100.0/26' },
      ],
    });
    const problems = await checkSubnets(contextIn(), engine, '198.51.100.0/24');
    expect(problems).toEqual([
      {
        what: "the deployment's addresses overlap with those of the engine's network shop_default",
        got: '198.51.100.0/24 and 198.51.100.0/26',
        fix: 'Change network.baseCidr in environments/dev.ts to a free /20, or use --instance NAME, which picks one.',
      },
    ]);
  });

  it("must not overlap with the host's interfaces", async () => {
    const used = hostRanges().find(({ by }) => by.includes('interface'));
    // On Windows and macOS the engine's networks are not the host's.
    expect(hostRanges('win32')).toEqual([]);
    if (used === undefined) return;
    const problems = await checkSubnets(contextIn(), await engineWith(), used.cidr);
    expect(problems[0]?.what).toContain(used.by);
  });

  it('must not overlap with what routes lead to, unless they are as wide as all of a VPN', () => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0',
      'tun0\t0060D50A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0',
      '',
    ].join('\n');
    expect(parseProcRoutes(table)).toEqual([
      { cidr: '10.0.0.0/8', by: 'the route by tun0' },
      { cidr: '10.213.96.0/20', by: 'the route by tun0' },
    ]);
    const routes = hostRanges('linux', () => table).filter(({ by }) => by.includes('route'));
    expect(routes.map(({ cidr }) => cidr)).toEqual(['10.213.96.0/20']);
  });
});
