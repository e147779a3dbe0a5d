import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { HealthCheck } from '../../constructs/core/health-check.js';
import type { ExceptionFor } from '../../constructs/core/policy-exception.js';
import { Service } from '../../constructs/core/service.js';
import { dev } from '../support/dev.js';
import { parseEnvironment } from '../../environments/schema.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { PlatformStack } from '../../stacks/platform-stack.js';
import { type SynthOptions, synthesize } from '../../stacks/synth.js';
import { type Change, synth } from '../support/synth.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const until = '2027-03-31';
const reason = 'the office needs it until the move';
const published: ExceptionFor = { policy: 'no-debug-endpoints', subject: 'proxy', reason, until };
const looseProd = { name: 'prod', proxy: { ports: { nodes: 16390 } } } as const;

let outdir: string;
beforeEach(() => {
  outdir = temporaryFolder('policies');
});

/** The platform with something more in it, as a change of stacks/platform-stack.ts would have it. */
function synthWith(more: (stack: PlatformStack) => void, options: Partial<SynthOptions> = {}): void {
  // The stack renders when its tree is complete; a subclass would have to be known to synthesize().
  const prepare: (this: PlatformStack) => void = Reflect.get(PlatformStack.prototype, 'prepareStack');
  let added = false;
  PlatformStack.prototype.prepareStack = function (this: PlatformStack) {
    prepare.call(this);
    if (!added) more(this);
    added = true;
  };
  try {
    synthesize({ environment: parseEnvironment(dev), site: UNPREPARED_SITE, outdir, day: '2027-03-31', ...options });
  } finally {
    PlatformStack.prototype.prepareStack = prepare;
  }
}

const program = () => join(outdir, 'stacks', 'dev', 'cdk.tf.json');

describe('synth refuses', () => {
  test('what an override makes of a construct, and leaves no program that could be applied', () => {
    const loosen = (stack: PlatformStack) => {
      const container = stack.node.findAll().find(({ node }) => node.path === 'dev/redis/node/1') as Container;
      container.addOverride('privileged', true);
      container.addOverride('ports', [{ internal: 6379, external: 6379, ip: '0.0.0.0' }]);
    };
    expect(() => {
      synthWith(loosen);
    }).toThrow(
      /2 problems:[^]*redis breaks the policy loopback-only: it publishes port 6379 on 0\.0\.0\.0[^]*redis breaks the policy no-privileged/,
    );
    expect(existsSync(program())).toBe(false);
    expect(existsSync(join(outdir, 'stacks', 'dev', 'topology.json'))).toBe(false);
  });

  test('a container that no service made, by its own name', () => {
    expect(() => {
      synthWith((stack) => new Container(stack, 'own', { name: 'own-thing', image: 'alpine' }));
    }).toThrow(
      /own-thing breaks the policy drop-capabilities[^]*own-thing breaks the policy no-way-out[^]*own-thing breaks the policy non-root[^]*own-thing breaks the policy pinned-images/,
    );
  });

  test('what a reader of policies only wants to see: there it is said, and written all the same', () => {
    const seen: string[] = [];
    synthWith((stack) => new Container(stack, 'own', { name: 'own-thing', image: 'alpine' }), {
      policies: ({ violations }) => seen.push(...violations.map(({ policy }) => policy)),
    });
    expect(seen).toContain('pinned-images');
    expect(existsSync(program())).toBe(true);
  });
});

describe('an exception', () => {
  const withException = (change: Change, exceptions: readonly ExceptionFor[], options: Partial<SynthOptions> = {}) =>
    synthesize({
      environment: parseEnvironment({
        ...dev,
        ...change,
        proxy: { ports: { ...dev.proxy.ports, nodes: 16390 } },
        exceptions: [...exceptions],
      }),
      site: UNPREPARED_SITE,
      outdir,
      day: until,
      ...options,
    });

  test('of an environment lets pass what it names, and shows in topology.json with its reason and last day', () => {
    expect(() => synth(looseProd)).toThrow(/proxy breaks the policy no-debug-endpoints: it publishes redis-node-0/);
    expect(withException({ name: 'prod' }, [published]).exceptions).toEqual([published]);
  });

  test('that has expired stops the synth', () => {
    expect(() => withException({ name: 'prod' }, [published], { day: '2027-04-01' })).toThrow(
      /the exception from no-debug-endpoints for proxy has expired/,
    );
  });

  test('that matches nothing is said, and is no error', () => {
    const notes: string[] = [];
    withException({}, [published], { onNote: (note) => notes.push(note) });
    expect(notes).toEqual(['the exception from no-debug-endpoints for proxy matches nothing (any more): remove it.']);
  });

  test('that has expired can still be ignored by what only reads or removes', () => {
    const topology = withException({ name: 'prod' }, [published], { day: '2027-04-01', policies: 'ignore' });
    expect(topology.exceptions).toEqual([published]);
  });

  test('of a service must say why and until when', () => {
    expect(() => {
      synthWith((stack) => {
        new Service(stack, 'shop', {
          name: 'shop',
          image: ContainerImage.fromRegistry('ghcr.io/acme/shop:1'),
          healthCheck: HealthCheck.command(['shop', 'healthy']),
          exceptions: [{ policy: 'read-only-root', reason: 'x', until: 'soon' }],
        });
      });
    }).toThrow(/2 problems:[^]*does not say when it ends \(got soon\)[^]*gives no reason \(got x\)/);
  });
});
