import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import type { Outputs } from '../outputs.js';

/** The two services that a Redis replication consists of, told by what they declare. */
export interface RedisServices {
  readonly nodes: TopologyService;
  readonly sentinels: TopologyService;
}

/** @returns undefined if the topology has no Redis */
export function redisServices({ services }: Topology): RedisServices | undefined {
  const nodes = services.find(({ settings }) => 'replication' in settings);
  const sentinels = services.find(({ settings }) => 'failover' in settings);
  return nodes && sentinels && { nodes, sentinels };
}

/**
 * Short names of the nodes and Sentinels by the addresses that they really have. The topology shows the declared
 * addresses; another instance's are all shifted by the same distance, which the lowest of them tells.
 */
export function namesByAddress(topology: Topology, natMap: Outputs['redis']['natMap']): ReadonlyMap<string, string> {
  const redis = redisServices(topology);
  if (!redis) return new Map();
  const declared = [redis.nodes, redis.sentinels].flatMap(({ endpoints, instances }) =>
    (endpoints[0]?.addresses ?? []).map((address, index) => ({
      address: toNumber(address),
      name: instances[index]?.name ?? address,
    })),
  );
  const actual = Object.keys(natMap).map((key) => toNumber(key.split(':')[0] ?? ''));
  const shift = Math.min(...actual) - Math.min(...declared.map(({ address }) => address));
  return new Map(declared.map(({ address, name }) => [toText(address + (Number.isFinite(shift) ? shift : 0)), name]));
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join('.');
}
