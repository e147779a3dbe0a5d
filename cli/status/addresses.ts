import type { Topology, TopologyService } from '../../constructs/core/topology.js';
import { modelsOf, serviceNamed } from '../../constructs/models.js';
import type { RedisModel } from '../../constructs/redis/model.js';
import type { UserModel } from '../../constructs/redis/users.js';
import type { Outputs } from '../outputs.js';

/** A Redis replication and the two services that it consists of. */
export interface RedisServices {
  readonly model: RedisModel;
  readonly nodes: TopologyService;
  readonly sentinels: TopologyService;
}

/** @returns undefined if the topology has no Redis */
export function redisServices(topology: Topology): RedisServices | undefined {
  const [model] = modelsOf(topology, 'redis');
  const nodes = model && serviceNamed(topology, model.nodes.service);
  const sentinels = model && serviceNamed(topology, model.sentinels.service);
  return nodes && sentinels && { model, nodes, sentinels };
}

/** The user who may look at everything, on nodes and Sentinels. */
export const ADMIN = 'admin';

/** The secret with the password of {@link ADMIN}. */
export function adminSecret(users: readonly UserModel[]): string {
  const secret = users.find(({ name }) => name === ADMIN)?.secret;
  if (secret == null) throw new Error(`no ${ADMIN} with a password is among the users`);
  return secret;
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
