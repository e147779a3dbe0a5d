import { afterEach, describe, expect, it } from '@jest/globals';
import { networkInterfaces } from 'node:os';
import { allocateInstance } from '../../../../cli/preflight/instance.js';
import { checkSubnets } from '../../../../cli/preflight/subnets.js';
import { overlaps } from '../../../../constructs/network/address-plan.js';
import { UNPREPARED_SITE } from '../../../../environments/site.js';
import { cleanUp, contextIn, engineWith, topologyOf } from './support.js';

afterEach(cleanUp);

describe('another instance', () => {
  it('gets a /20 and a port for each published name, and keeps them', async () => {
    const context = contextIn({ instance: 'alice' });
    const topology = topologyOf(context.environment);
    const engine = await engineWith({});
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
    const first = await allocateInstance(context, await engineWith({}), UNPREPARED_SITE, topology);
    const engine = await engineWith({ networks: [{ id: '1', name: 'vpn', subnet: first.baseCidr }] });
    const site = { ...UNPREPARED_SITE, deployments: { 'dev-bob': first } };
    const second = await allocateInstance(context, engine, site, topology);
    expect(overlaps(first.baseCidr, second.baseCidr)).toBe(false);
    const shared = Object.values(second.ports).filter((port) => Object.values(first.ports).includes(port));
    expect(shared).toEqual([]);
  });

  it('gets a port for what it publishes newly, and leaves the others alone', async () => {
    const context = contextIn({ instance: 'alice' });
    const engine = await engineWith({});
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
    const addresses = Object.entries(networkInterfaces()).flatMap(([name, all = []]) =>
      all.flatMap(({ family, cidr, internal }) =>
        family === 'IPv4' && !internal && cidr !== null ? [{ name, cidr }] : [],
      ),
    );
    const [used] = addresses.length > 0 ? addresses : [{ name: 'lo', cidr: '127.0.0.1/8' }];
    const problems = await checkSubnets(contextIn(), await engineWith({}), used?.cidr ?? '');
    expect(problems[0]?.what).toContain(`the host's interface ${used?.name ?? ''}`);
  });
});
