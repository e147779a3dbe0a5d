import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { HealthCheck } from '../../constructs/core/health-check.js';
import type { PlatformBase } from '../../constructs/platform-base.js';
import { Secret } from '../../constructs/core/secret.js';
import { Service, type ServiceProps } from '../../constructs/core/service.js';
import { Duration, Size } from '../../constructs/core/units.js';
import type { Endpoint } from '../../constructs/core/endpoint.js';
import { type Synthesized, synthServices } from '../support/synth.js';

const image = ContainerImage.fromRegistry('example.org/app:1');
const healthCheck = HealthCheck.command(['check']);

function service(stack: PlatformBase, name: string, props: Partial<ServiceProps> = {}): Service {
  return new Service(stack, name, { name, image, healthCheck, ...props });
}

/** Services `s0`, `s1`, ... with their endpoints (`s0-e0`, ...) and the rules between them. */
interface Graph {
  readonly services: readonly { readonly replicas: number; readonly endpoints: number }[];
  /** From a service to an endpoint. */
  readonly rules: readonly { readonly from: number; readonly to: number; readonly endpoint: number }[];
}

const graphs: fc.Arbitrary<Graph> = fc
  .array(fc.record({ replicas: fc.integer({ min: 1, max: 2 }), endpoints: fc.integer({ min: 0, max: 2 }) }), {
    minLength: 2,
    maxLength: 5,
  })
  .chain((services) => {
    const targets = services.flatMap(({ endpoints }, to) =>
      Array.from({ length: endpoints }, (_, endpoint) => ({ to, endpoint })),
    );
    const from = fc.integer({ min: 0, max: services.length - 1 });
    const rule = () =>
      fc.tuple(from, fc.constantFrom(...targets)).map(([source, target]) => ({ from: source, ...target }));
    return fc.record({
      services: fc.constant(services),
      rules: targets.length === 0 ? fc.constant([]) : fc.array(rule(), { maxLength: 8 }),
    });
  });

/** Declares a graph in any order: `order` shuffles services, what each of them has, and rules. */
function declare({ services, rules }: Graph, order: <T>(items: T[]) => T[] = (items) => items): Synthesized {
  return synthServices((stack) => {
    const made = new Map<number, Service>();
    const endpoints = new Map<string, Endpoint>();
    for (const [index, { replicas }] of order([...services.entries()])) {
      made.set(index, service(stack, `s${index}`, { replicas, ...various(order) }));
    }
    const wanted = services.flatMap(({ endpoints: count }, owner) =>
      Array.from({ length: count }, (_, index) => ({ owner, index })),
    );
    for (const { owner, index } of order(wanted)) {
      const slot = 1 + owner * 2 + index;
      const endpoint = made.get(owner)?.addEndpoint(`e${index}`, { port: 7000 + index, slot });
      if (endpoint) endpoints.set(`${owner}/${index}`, endpoint);
    }
    for (const path of order(['/config/a', '/config/b', '/config/c'])) made.get(0)?.addFile(path, () => path);
    if (services[1]?.replicas === 1) {
      for (const port of order([8001, 8002])) {
        made.get(1)?.publish({ name: `p${port}`, hostPort: port, containerPort: port });
      }
    }
    for (const { from, to, endpoint } of order([...rules])) {
      const target = endpoints.get(`${to}/${endpoint}`);
      if (target) made.get(from)?.connections.allowTo(target);
    }
  });
}

/** What a service has several of, where the order says nothing. */
function various(order: <T>(items: T[]) => T[]): Partial<ServiceProps> {
  const until = '2027-03-31';
  return {
    environment: () => Object.fromEntries(order(['A', 'B', 'C']).map((name) => [name, 'x'])),
    volumes: order(['a', 'b', 'c']).map((name) => ({ name, path: `/${name}` })),
    scratch: order(['/tmp', '/run', '/cache']),
    capabilities: order(['CHOWN', 'KILL']),
    exceptions: order(['read-only-root', 'drop-capabilities']).map((policy) => ({
      policy,
      reason: 'for the test',
      until,
    })),
  };
}

test("a container is a member of an endpoint's network exactly when it owns the endpoint or has a rule for it, and topology.json says so", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const synthesized = declare(graph);
      const isMember = (of: number, owner: number, endpoint: number) =>
        of === owner || graph.rules.some((rule) => rule.from === of && rule.to === owner && rule.endpoint === endpoint);
      for (const [index, { replicas }] of graph.services.entries()) {
        const expected = graph.services.flatMap(({ endpoints }, owner) =>
          Array.from({ length: endpoints }, (_, endpoint) => endpoint)
            .filter((endpoint) => isMember(index, owner, endpoint))
            .map((endpoint) => `s${owner}-e${endpoint}`),
        );
        for (let replica = 0; replica < replicas; replica++) {
          const networks = synthesized.networksOf(synthesized.container(`s${index}-${replica}`));
          expect([...networks.keys()].filter((name) => name !== 'edge').sort()).toEqual(expected.sort());
          for (const [name, address] of networks) {
            // Owners listen on addresses that are known beforehand, clients get any.
            expect(address !== undefined).toBe(name === 'edge' || name.startsWith(`s${index}-`));
          }
        }
      }
      const connections = [
        ...graph.rules.map((rule) => ({ ...rule, because: rule.from === rule.to ? 'same service' : 'declared' })),
        ...graph.services.flatMap(({ endpoints }, owner) =>
          Array.from({ length: endpoints }, (_, endpoint) => ({
            from: owner,
            to: owner,
            endpoint,
            because: 'same service',
          })),
        ),
      ].map(({ from, to, endpoint, because }) => `s${from} -> s${to}-e${endpoint}:${7000 + endpoint} ${because}`);
      const { allowed } = synthesized.topology;
      expect(allowed.map(({ from, to, port, because }) => `${from} -> ${to}:${port} ${because}`).sort()).toEqual(
        [...new Set(connections)].sort(),
      );
    }),
    { numRuns: 25 },
  );
});

test('the order in which services, rules and what a service has several of are declared has no influence', () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.nat()), (graph, numbers) => {
      const shuffle = <T>(items: T[]): T[] =>
        items
          .map((item) => ({ item, at: Number(numbers.next().value) }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const [one, other] = [declare(graph), declare(graph, shuffle)];
      expect(other.text).toBe(one.text);
      expect(other.topologyText).toBe(one.topologyText);
    }),
    { numRuns: 25 },
  );
});

test('saying a rule twice is harmless', () => {
  const once: Graph = {
    services: [
      { replicas: 1, endpoints: 1 },
      { replicas: 1, endpoints: 0 },
    ],
    rules: [{ from: 1, to: 0, endpoint: 0 }],
  };
  expect(declare({ ...once, rules: [...once.rules, ...once.rules] }).text).toBe(declare(once).text);
});

test('a further service or rule renumbers nobody else', () => {
  const small = (stack: PlatformBase): [Service, Service] => {
    const [shop, cart] = [service(stack, 'shop'), service(stack, 'cart')];
    cart.connections.allowTo(shop.addEndpoint('shop', { port: 80 }));
    return [shop, cart];
  };
  const before = synthServices(small);
  const after = synthServices((stack) => {
    const [shop, cart] = small(stack);
    const bank = service(stack, 'bank');
    shop.connections.allowTo(bank.addEndpoint('bank', { port: 81 }));
    bank.connections.allowTo(cart.addEndpoint('cart', { port: 82 }));
  });
  expect(after.network('shop')).toEqual(before.network('shop'));
  expect(after.networksOf(after.container('shop-0')).get('shop')).toBe(
    before.networksOf(before.container('shop-0')).get('shop'),
  );
});

test('a service that listens on every address is reachable by all that share any network with it, and topology.json says so', () => {
  const { topology } = synthServices((stack) => {
    const [open, client, neighbour] = [service(stack, 'open'), service(stack, 'client'), service(stack, 'neighbour')];
    open.addEndpoint('admin', { port: 9000, listen: 'all', slot: 20 });
    client.connections.allowTo(open.addEndpoint('open', { port: 80, slot: 21 }));
    open.connections.allowTo(neighbour.addEndpoint('neighbour', { port: 81, slot: 22 }));
    service(stack, 'stranger');
  });
  const reach = topology.allowed.filter(({ because }) => because === 'listens on all');
  expect(reach.map(({ from, to, port }) => `${from} -> ${to}:${port}`).sort()).toEqual([
    'client -> open-admin:9000',
    'neighbour -> open-admin:9000',
  ]);
});

describe('an error names what is wrong:', () => {
  const failing = (declareServices: (stack: PlatformBase) => void) => ({
    toThrow: (message: string | RegExp): void => {
      const pattern: unknown =
        typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
      const error: unknown = expect.objectContaining({ name: 'PlatformError', message: pattern });
      expect(() => synthServices(declareServices)).toThrow(error);
    },
  });

  test('two services with one name', () => {
    failing((stack) => {
      service(stack, 'shop').addEndpoint('shop', { port: 80 });
      new Service(stack, 'other', { name: 'shop', image, healthCheck }).addEndpoint('shop', { port: 80 });
    }).toThrow(/service name shop is used by own\/\S+ and by own\/\S+: give one of them another name/);
  });

  test('two endpoints with one name', () => {
    failing((stack) => {
      const shop = service(stack, 'shop');
      shop.addEndpoint('http', { port: 80, slot: 20 });
      shop.addEndpoint('http', { port: 81, slot: 21 });
    }).toThrow('network name shop-http is used by own/shop and by own/shop: call one of the endpoints differently');
  });

  test('two networks in one slot', () => {
    failing((stack) => {
      service(stack, 'shop').addEndpoint('http', { port: 80, slot: 20 });
      service(stack, 'cart').addEndpoint('http', { port: 80, slot: 20 });
    }).toThrow(/network slot 20 is used by cart-http and by shop-http: name another slot/);
  });

  test('a port of the host that is published twice, and a published name that is used twice', () => {
    failing((stack) => {
      const shop = service(stack, 'shop');
      shop.publish({ name: 'web', hostPort: 8080, containerPort: 80 });
      shop.publish({ name: 'web', hostPort: 8080, containerPort: 81 });
    }).toThrow(/host port 8080 is used by shop\/web[^]*published name web is used by shop/);
  });

  test('two services that publish, as there is one edge', () => {
    failing((stack) => {
      service(stack, 'shop').publish({ name: 'shop', hostPort: 8080, containerPort: 80 });
      service(stack, 'cart').publish({ name: 'cart', hostPort: 8081, containerPort: 80 });
    }).toThrow(/cart and shop both publish ports/);
  });

  test('a published service with several containers', () => {
    failing((stack) => {
      service(stack, 'shop', { replicas: 2 }).publish({ name: 'shop', hostPort: 8080, containerPort: 80 });
    }).toThrow('shop publishes ports from 2 containers: use one');
  });

  test('a secret in the environment, the command or the health check', () => {
    const { plain } = new Secret('shop-key');
    for (const props of [
      { environment: () => ({ KEY: plain }) },
      { command: ['run', `--key=${plain}`] },
      { healthCheck: HealthCheck.command(['check', plain]) },
    ]) {
      failing((stack) => {
        service(stack, 'shop', props);
      }).toThrow(/shop: secret "shop-key" [^]*docker inspect[^]*addFile\(\)/);
    }
  });

  test('a file outside /config, and two files with one path', () => {
    failing((stack) => {
      const shop = service(stack, 'shop');
      shop.addFile('/etc/shop.conf', () => '');
      shop.addFile('/config/../etc/shop.conf', () => '');
      shop.addFile('/config/shop.conf', () => '1');
      shop.addFile('/config/shop.conf', () => '2');
    }).toThrow(/\/etc\/shop\.conf is not below \/config[^]*\/config\/\.\.\/etc[^]*\/config\/shop\.conf/);
  });

  test('more clients than a network has addresses for', () => {
    failing((stack) => {
      const shop = service(stack, 'shop').addEndpoint('shop', { port: 80 });
      service(stack, 'cart', { replicas: 40 }).connections.allowTo(shop);
      service(stack, 'bank', { replicas: 40 }).connections.allowTo(shop);
    }).toThrow(/network shop has 80 clients/);
  });

  test('more containers than a network has addresses for', () => {
    failing((stack) => {
      service(stack, 'shop', { replicas: 63 }).addEndpoint('shop', { port: 80 });
    }).toThrow(/no address left[^]*62/);
  });

  test('two constructs whose paths give one name in Terraform', () => {
    failing((stack) => {
      new Service(service(stack, 'a'), 'b-c', { name: 'one', image, healthCheck });
      new Service(service(stack, 'a-b'), 'c', { name: 'two', image, healthCheck });
    }).toThrow(/a-b-c-0/);
  });

  test('everything at once', () => {
    failing((stack) => {
      const shop = service(stack, 'shop', { environment: () => ({ KEY: new Secret('k').plain }) });
      shop.addFile('/etc/x', () => '');
      shop.addEndpoint('http', { port: 80, slot: 20 });
      service(stack, 'cart').addEndpoint('http', { port: 80, slot: 20 });
    }).toThrow(/^(?=[^]*secret "k")(?=[^]*\/etc\/x)(?=[^]*network slot 20)/);
  });
});

test('files reach the seeder as they are, with what Terraform would take for its own escaped', () => {
  const text = 'a ${b} %{ if c } $${d} 100% $e $$ {f}\n';
  const synthesized = synthServices((stack) => {
    service(stack, 'shop').addFile('/config/shop.conf', () => text);
  });
  expect(synthesized.topology.services[0]?.files).toEqual([{ path: '/config/shop.conf', secret: false, text }]);
  expect(synthesized.file('shop', '/config/shop.conf').content).toBe('a $${b} %%{ if c } $$${d} 100% $e $$ {f}\n');
});

test('command and health check are passed as they are written, too', () => {
  const { command, healthcheck } = synthServices((stack) => {
    service(stack, 'shop', { command: ['echo', '${a}'], healthCheck: HealthCheck.command(['test', '%{b}']) });
  }).container('shop-0');
  expect(command).toEqual(['echo', '$${a}']);
  expect(healthcheck?.test).toEqual(['CMD', 'test', '%%{b}']);
});

test('loosened hardening is applied, and shown with the exceptions that allow it', () => {
  const exceptions = [
    { policy: 'read-only-root', reason: 'writes its cache beside its program', until: '2027-03-31' },
    { policy: 'drop-capabilities', reason: 'listens on port 80', until: '2027-03-31' },
  ];
  const synthesized = synthServices((stack) => {
    service(stack, 'shop', { writableRoot: true, capabilities: ['NET_BIND_SERVICE'], exceptions });
    service(stack, 'cart');
  });
  expect(synthesized.container('shop-0')).toMatchObject({
    read_only: false,
    capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
  });
  expect(synthesized.container('cart-0')).toMatchObject({ read_only: true, capabilities: { drop: ['ALL'] } });
  const shown = synthesized.topology.services.flatMap(({ name, loosened }) =>
    loosened.map(({ what, capability = '' }) => `${name}: ${what} ${capability}`.trim()),
  );
  expect(shown).toEqual(['shop: writable-root', 'shop: capability NET_BIND_SERVICE']);
  expect(synthesized.topology.exceptions).toEqual(
    [...exceptions].reverse().map((exception) => ({ subject: 'shop', ...exception })),
  );
});

test('durations and sizes are written as the engine reports them back, so that no plan sees a difference', () => {
  const check = (milliseconds: number) => {
    const { healthcheck } = synthServices((stack) => {
      const interval = Duration.milliseconds(milliseconds);
      service(stack, 'shop', { healthCheck: HealthCheck.command(['check'], { interval }) });
    }).container('shop-0');
    return healthcheck?.['interval'];
  };
  // time.Duration.String() of Go.
  expect(check(500)).toBe('500ms');
  expect(check(1500)).toBe('1.5s');
  expect(check(30_000)).toBe('30s');
  expect(check(90_000)).toBe('1m30s');
  expect(check(61_500)).toBe('1m1.5s');
  expect(check(3_600_000)).toBe('1h0m0s');
  const { memory } = synthServices((stack) => {
    service(stack, 'shop', { limits: { memory: Size.bytes(100_000_000) } });
  }).container('shop-0');
  expect(memory).toBe(96);
});

test('engines that can check more often while a container starts are asked to', () => {
  const { healthcheck } = synthServices((stack) => {
    service(stack, 'shop');
  }).container('shop-0');
  expect(healthcheck).toEqual({
    test: ['CMD', 'check'],
    interval: '3s',
    timeout: '3s',
    retries: 3,
    start_period: '1m0s',
  });
});
