import { describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { it, usePlatform } from '../support/live.js';
import { everyTarget, listeners, members, Outside, reachable } from '../support/network-probe.js';

const platform = usePlatform();

const WITHIN = Duration.seconds(60);

describe('a connection', () => {
  it(
    'succeeds exactly where the topology allows it, for every container, address and port',
    async () => {
      const all = await members(platform());
      const targets = everyTarget(all);
      const { allowed } = platform().topology;
      const reached = await Promise.all(
        all.map(async ({ name, container }) => [name, await reachable(platform(), container, targets)] as const),
      );
      const expected = all.map((member) => {
        const others = all
          .filter((other) => other !== member)
          .flatMap(({ endpoints }) => endpoints)
          .filter(({ name, port }) =>
            allowed.some((edge) => edge.from === member.service && edge.to === name && edge.port === port),
          );
        const own = [...member.endpoints.map(({ target }) => target), ...member.published];
        return [member.name, [...others.map(({ target }) => target), ...own].sort()];
      });
      expect(reached).toEqual(expected);
      // The search itself works: something answers everyone, and nobody is answered by everything.
      for (const [, found] of reached) {
        expect(found.length).toBeGreaterThan(0);
        expect(found.length).toBeLessThan(targets.length / 2);
      }
    },
    WITHIN,
  );

  it(
    'finds no other listeners than the declared ones and those on loopback',
    async () => {
      const found = await Promise.all(
        (await members(platform())).map(async ({ name, container, endpoints, published }) => ({
          name,
          listening: (await listeners(platform(), container)).filter((address) => !isLoopback(address)),
          declared: [...endpoints.map(({ target }) => target), ...published].sort(),
        })),
      );
      for (const { name, listening, declared } of found) expect([name, listening]).toEqual([name, declared]);
    },
    WITHIN,
  );
});

describe('the world outside', () => {
  it('is cut off by every network: all are internal but the edge, which does not masquerade', async () => {
    const { networks, services, published } = platform().topology;
    for (const { resource, internal } of networks) {
      const network = (await platform().docker.getNetwork(resource).inspect()) as NetworkFacts;
      expect([resource, network.Internal, network.EnableIPv6]).toEqual([resource, internal, false]);
      const masquerade = network.Options['com.docker.network.bridge.enable_ip_masquerade'];
      if (!internal) expect([resource, masquerade]).toEqual([resource, 'false']);
    }
    const edges = networks.filter(({ internal }) => !internal).map(({ name }) => name);
    const onEdge = services.filter(({ instances }) =>
      instances.some((instance) => edges.some((edge) => edge in instance.networks)),
    );
    expect(onEdge.map(({ name }) => name)).toEqual([...new Set(published.map(({ service }) => service))]);
  });

  it(
    'neither hears from any container nor reaches one, not even from the same engine',
    async () => {
      const all = await members(platform());
      const outside = await Outside.open(platform());
      try {
        const [answered, inwards, ...outwards] = await Promise.all([
          reachable(platform(), outside.stranger, [outside.target]),
          // Packets to an isolated network would take the default route, off this machine, and whoever lives there might answer.
          reachable(platform(), outside.stranger, everyTarget(all, 'routed')),
          ...all.map(({ container }) => reachable(platform(), container, [outside.target])),
        ]);
        // The server answers in its own network, so silence elsewhere means something.
        expect(answered).toEqual([outside.target]);
        expect(inwards).toEqual([]);
        expect(outwards).toEqual(all.map(() => []));
      } finally {
        await outside.close();
      }
    },
    WITHIN,
  );
});

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('[0000:0000:0000:0000:0000:0000:0000:0001]:');
}

interface NetworkFacts {
  readonly Internal: boolean;
  readonly EnableIPv6: boolean;
  readonly Options: Readonly<Record<string, string>>;
}
