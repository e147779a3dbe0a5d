import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import {
  AddressPlan,
  baseCidrProblem,
  MAX_JOINERS,
  MAX_OWNERS,
  overlaps,
  slotFor,
  SLOTS,
} from '../../../constructs/core/address-plan.js';

/** Every /20 of the private ranges. */
const bases = fc
  .oneof(
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(15)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(15)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(15)),
  )
  .map(([a, b, c]) => `${a}.${b}.${c * 16}.0/20`);
const slots = fc.nat(SLOTS - 1);

describe('the address plan', () => {
  test('takes every private /20', () => {
    fc.assert(fc.property(bases, (base) => baseCidrProblem(base) === undefined));
  });

  test('gives every slot a subnet of its own inside the base', () => {
    fc.assert(
      fc.property(bases, slots, slots, (base, one, other) => {
        const plan = new AddressPlan(base);
        const [a, b] = [plan.subnet(one).cidr, plan.subnet(other).cidr];
        expect(overlaps(a, b)).toBe(one === other);
        expect(overlaps(a, base)).toBe(true);
      }),
    );
  });

  test("gives owners addresses that are in their subnet, differ, and are neither the gateway nor the engine's to hand out", () => {
    fc.assert(
      fc.property(bases, slots, fc.nat(MAX_OWNERS - 1), fc.nat(MAX_OWNERS - 1), (base, slot, one, other) => {
        const plan = new AddressPlan(base);
        const { cidr, gateway, joinerRange } = plan.subnet(slot);
        const address = plan.owner(slot, one);
        expect(overlaps(address, cidr)).toBe(true);
        expect(overlaps(gateway, cidr)).toBe(true);
        expect(overlaps(joinerRange, cidr)).toBe(true);
        expect(overlaps(address, joinerRange)).toBe(false);
        expect(overlaps(gateway, joinerRange)).toBe(false);
        expect(address).not.toBe(gateway);
        expect(address === plan.owner(slot, other)).toBe(one === other);
      }),
    );
  });

  test('is what the documentation says it is', () => {
    const plan = new AddressPlan('10.213.0.0/20');
    expect(plan.subnet(0)).toEqual({ cidr: '10.213.0.0/25', gateway: '10.213.0.1', joinerRange: '10.213.0.64/26' });
    expect(plan.subnet(31)).toEqual({
      cidr: '10.213.15.128/25',
      gateway: '10.213.15.129',
      joinerRange: '10.213.15.192/26',
    });
    expect(plan.owner(1, 0)).toBe('10.213.0.130');
    expect([MAX_OWNERS, MAX_JOINERS, SLOTS]).toEqual([62, 63, 32]);
  });

  test('says so when a service has more containers than addresses', () => {
    const plan = new AddressPlan('10.213.0.0/20');
    expect(plan.owner(0, MAX_OWNERS - 1)).toBe('10.213.0.63');
    expect(() => plan.owner(0, MAX_OWNERS)).toThrow(/no address left \(got instance 63\)[^]*up to 62[^]*replicas/);
  });
});

describe('a base CIDR', () => {
  test.each([
    ['10.213.0.0/16', '/20'],
    ['10.213.0.0/24', '/20'],
    ['10.213.0.0', '/20'],
    ['10.213.0.0/20/20', '/20'],
    ['10.213.0.0/20 ', '/20'],
    ['010.213.0.0/20', '/20'],
    ['10.213.0/20', 'four numbers'],
    ['10.213.0.256/20', 'four numbers'],
    ['10.213.0.-1/20', 'four numbers'],
    ['ten.213.0.0/20', 'four numbers'],
    ['fd00::/20', 'four numbers'],
    ['', 'four numbers'],
    ['10.213.1.0/20', 'Start it at 10.213.0.0/20'],
    ['10.213.255.255/20', 'Start it at 10.213.240.0/20'],
    ['8.8.0.0/20', '10.0.0.0/8'],
    ['172.32.0.0/20', '172.16.0.0/12'],
    ['192.169.0.0/20', '192.168.0.0/16'],
    ['127.0.0.0/20', '10.0.0.0/8'],
  ])('cannot be %j: %s', (cidr, fix) => {
    expect(baseCidrProblem(cidr)?.fix).toContain(fix);
    expect(() => new AddressPlan(cidr)).toThrow(PlatformError);
    expect(() => new AddressPlan(cidr)).toThrow(/baseCidr cannot be used \(got .*\): allowed is a private \/20/);
  });
});

describe('a slot', () => {
  test('is fixed for the built-in networks', () => {
    expect(['edge', 'redis', 'redis-sentinel', 'api-http'].map((name) => slotFor(name))).toEqual([0, 1, 2, 3]);
  });

  test('of an own network follows from its name alone and never takes a built-in one', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/), (name) => {
        fc.pre(!['edge', 'redis', 'redis-sentinel', 'api-http'].includes(name));
        const slot = slotFor(name);
        expect(slot).toBe(slotFor(name));
        expect(slot).toBeGreaterThanOrEqual(16);
        expect(slot).toBeLessThan(SLOTS);
      }),
    );
    // Another one would renumber deployments that exist.
    expect(slotFor('shop-http')).toBe(28);
  });

  test('can be chosen', () => {
    expect(slotFor('redis', 7)).toBe(7);
    expect(slotFor('shop', 0)).toBe(0);
  });
});

test.each([
  ['10.0.0.0/8', '10.213.0.0/20', true],
  ['10.213.0.0/20', '10.213.16.0/20', false],
  ['10.213.0.0/20', '10.213.15.255', true],
  ['0.0.0.0/0', '192.168.0.0/16', true],
  ['not an address', '10.0.0.0/8', false],
])('whether %s and %s overlap: %s', (one, other, expected) => {
  expect(overlaps(one, other)).toBe(expected);
  expect(overlaps(other, one)).toBe(expected);
});
