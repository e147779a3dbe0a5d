import { Annotations } from 'cdktf';
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { HealthCheck } from '../../constructs/core/health-check.js';
import type { ExceptionFor } from '../../constructs/core/policy-exception.js';
import { Service } from '../../constructs/core/service.js';
import { dev } from '../support/dev.js';
import { parseEnvironment } from '../../environments/schema.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { PlatformStack } from '../../stacks/platform-stack.js';
import type { Declaration, DeclareOptions } from '../../cli/synth/declare.js';
import { declare } from '../support/declare.js';
import { type Change, synth } from '../support/synth.js';

const until = '2027-03-31';
const reason = 'the office needs it until the move';
const published: ExceptionFor = { policy: 'no-debug-endpoints', subject: 'proxy', reason, until };
const looseProd = { name: 'prod', proxy: { ports: { nodes: 16390 } } } as const;

/** The platform with something more in it, as a change of stacks/platform-stack.ts would have it. */
function synthWith(more: (stack: PlatformStack) => void, options: Partial<DeclareOptions> = {}): Declaration {
  // The stack renders when its tree is complete; a subclass would have to be known to declare().
  const prepare: (this: PlatformStack) => void = Reflect.get(PlatformStack.prototype, 'prepareStack');
  let added = false;
  PlatformStack.prototype.prepareStack = function (this: PlatformStack) {
    prepare.call(this);
    if (!added) more(this);
    added = true;
  };
  try {
    return declare({ environment: parseEnvironment(dev), site: UNPREPARED_SITE, day: '2027-03-31', ...options });
  } finally {
    PlatformStack.prototype.prepareStack = prepare;
  }
}

describe('synth refuses', () => {
  test('what an override makes of a construct', () => {
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
  });

  test('a container that no service made, by its own name', () => {
    expect(() => {
      synthWith((stack) => new Container(stack, 'own', { name: 'own-thing', image: 'alpine' }));
    }).toThrow(
      /own-thing breaks the policy drop-capabilities[^]*own-thing breaks the policy no-way-out[^]*own-thing breaks the policy non-root[^]*own-thing breaks the policy pinned-images/,
    );
  });

  test('what a construct itself calls an error', () => {
    expect(() =>
      synthWith((stack) => {
        Annotations.of(stack).addError('this cannot work');
      }),
    ).toThrow(/dev calls this an error: this cannot work/);
  });

  test('what a reader of policies only wants to see: there the verdict says it', () => {
    const more = (stack: PlatformStack) => new Container(stack, 'own', { name: 'own-thing', image: 'alpine' });
    const { verdict, program } = synthWith(more, { policies: 'report' });
    expect(verdict.violations.map(({ policy }) => policy)).toContain('pinned-images');
    expect(JSON.stringify(program)).toContain('own-thing');
  });
});

describe('an exception', () => {
  const withException = (change: Change, exceptions: readonly ExceptionFor[], options: Partial<DeclareOptions> = {}) =>
    declare({
      environment: parseEnvironment({
        ...dev,
        ...change,
        proxy: { ports: { ...dev.proxy.ports, nodes: 16390 } },
        exceptions: [...exceptions],
      }),
      site: UNPREPARED_SITE,
      day: until,
      ...options,
    }).topology;

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
