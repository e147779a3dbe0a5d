import { PlatformError } from './platform-error.js';

/** Addresses in one segment's subnet (a /25); the base holds SLOTS of them (a /20). */
const SEGMENT_PREFIX = 25;
const BASE_PREFIX = 20;
export const SLOTS = 2 ** (SEGMENT_PREFIX - BASE_PREFIX);
const SEGMENT_SIZE = 2 ** (32 - SEGMENT_PREFIX);
/** .0 is the network, .1 the gateway; owners follow, up to the half that the engine hands out to joiners. */
const FIRST_OWNER = 2;
export const MAX_OWNERS = SEGMENT_SIZE / 2 - FIRST_OWNER;
/** The last address of the joiners' half is the broadcast address. */
export const MAX_JOINERS = SEGMENT_SIZE / 2 - 1;

/** Fixed places of the platform's own segments: adding a service or a rule renumbers nobody else. */
const BUILT_IN_SLOTS: Readonly<Record<string, number>> = {
  edge: 0,
  redis: 1,
  'redis-sentinel': 2,
  'api-http': 3,
  elasticsearch: 4,
  logstash: 5,
  kibana: 6,
};
/** Segments that users add get a slot from here on by the hash of their name. */
const FIRST_OWN_SLOT = 16;

/** The subnet of one segment. */
export interface Subnet {
  readonly cidr: string;
  readonly gateway: string;
  /** The half from which the engine gives joiners their dynamic addresses. */
  readonly joinerRange: string;
}

/** Divides a deployment's base CIDR into one subnet per network segment, with static addresses for the owners. */
export class AddressPlan {
  private readonly base: number;

  /**
   * @param baseCidr a /20 of private addresses, e.g. `10.213.0.0/20`
   * @throws PlatformError if it is anything else
   */
  constructor(readonly baseCidr: string) {
    const problem = baseCidrProblem(baseCidr);
    if (problem) throw new PlatformError({ what: 'network.baseCidr cannot be used', got: baseCidr, ...problem });
    this.base = parseAddress(baseCidr.split('/')[0] ?? '') ?? 0;
  }

  subnet(slot: number): Subnet {
    const start = this.base + slot * SEGMENT_SIZE;
    return {
      cidr: `${formatAddress(start)}/${SEGMENT_PREFIX}`,
      gateway: formatAddress(start + 1),
      joinerRange: `${formatAddress(start + SEGMENT_SIZE / 2)}/${SEGMENT_PREFIX + 1}`,
    };
  }
  /** @throws PlatformError if the segment has no address left for that owner */
  owner(slot: number, index: number): string {
    if (index >= MAX_OWNERS) {
      throw new PlatformError({
        what: 'a network segment has no address left',
        got: `instance ${index + 1}`,
        allowed: `up to ${MAX_OWNERS} instances of one service`,
        fix: 'Lower the number of replicas.',
      });
    }
    return formatAddress(this.base + slot * SEGMENT_SIZE + FIRST_OWNER + index);
  }
}

/** The slot of a segment: built-in ones are fixed, own ones say theirs or get one from their name. */
export function slotFor(segment: string, wanted?: number): number {
  return wanted ?? BUILT_IN_SLOTS[segment] ?? FIRST_OWN_SLOT + (hash(segment) % (SLOTS - FIRST_OWN_SLOT));
}

/** What is wrong with a base CIDR, or undefined. */
export function baseCidrProblem(cidr: string): { allowed: string; fix: string } | undefined {
  const value = parseAddress(cidr.split('/')[0] ?? '');
  const size = 2 ** (32 - BASE_PREFIX);
  const allowed = `a private /${BASE_PREFIX} such as 10.213.0.0/20`;
  if (value === undefined || cidr !== `${formatAddress(value)}/${BASE_PREFIX}`) {
    return { allowed, fix: 'Write four numbers from 0 to 255 and /20.' };
  }
  if (value % size !== 0)
    return { allowed, fix: `Start it at ${formatAddress(value - (value % size))}/${BASE_PREFIX}.` };
  const isPrivate = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].some((range) => overlaps(range, cidr));
  return isPrivate ? undefined : { allowed, fix: 'Take it from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.' };
}

/** Whether two CIDRs share an address. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [range(one), range(other)];
  return a !== undefined && b !== undefined && a.start <= b.end && b.start <= a.end;
}

function range(cidr: string): { start: number; end: number } | undefined {
  const [address = '', prefix = '32'] = cidr.split('/');
  const value = parseAddress(address);
  if (value === undefined) return undefined;
  const size = 2 ** (32 - Number(prefix));
  const start = value - (value % size);
  return { start, end: start + size - 1 };
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
  if (parts.length !== 4 || !parts.every((part) => part <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** FNV-1a: stable across machines and versions, which is all that is asked of it. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return value;
}
