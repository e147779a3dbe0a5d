import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration } from '../core/units.js';
import type { RedisModel } from '../redis/model.js';
import { CLIENT_SETTINGS } from '../redis/grant.js';
import { confirmations, DURABILITIES, type Durability, durabilityProblem } from './durability.js';

export interface ApiSettings {
  /** @default 2 */
  readonly replicas?: number;
  /** The port that the image listens on. @default 8080 */
  readonly port?: number;
  /**
   * What a 2xx answer to a write stands for. `'replicated'`: it is on the master and on as many replicas as
   * `redis.minReplicasToWrite` says, at least one. `'master'`: it is on the master, and lost with it.
   * @default 'replicated', or 'master' where Redis has no replicas
   */
  readonly durability?: Durability;
  /** More settings for the image, never secrets and none that the platform sets itself. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** How long requests may go on after SIGTERM. @default 10 s */
  readonly drain?: Duration;
}

/** An HTTP service that keeps its data in Redis. */
export interface ApiModel extends Model {
  readonly kind: 'api';
  /** Name of the service. */
  readonly service: string;
  /** Name of the Redis model. */
  readonly redis: string;
  readonly replicas: number;
  readonly port: number;
  readonly durability: Durability;
  /** Replicas that must confirm a write before it is answered. */
  readonly confirmedBy: number;
  /** How long requests may go on after SIGTERM. */
  readonly drainMs: number;
}

export const API_RANGES = {
  replicas: [1, 60],
  drain: ['0s', '10min'],
} as const satisfies Record<string, Range<unknown>>;

/** What the platform itself tells every image. */
const OWN_SETTINGS = ['LISTEN_ADDRESS', 'REDIS_WAIT_REPLICAS', 'DRAIN_SECONDS'] as const;
const PLATFORM_SETTINGS = [...OWN_SETTINGS, ...CLIENT_SETTINGS];

/** @param id of the construct */
export function resolveApi(
  id: string,
  props: ApiSettings,
  redis: Pick<RedisModel, 'name' | 'nodes'>,
): Resolved<ApiModel> {
  const replication = { replicas: redis.nodes.count - 1, minReplicasToWrite: redis.nodes.minReplicasToWrite };
  const durability = props.durability ?? (replication.replicas > 0 ? 'replicated' : 'master');
  const drain = props.drain ?? Duration.seconds(10);
  const model: ApiModel = {
    kind: 'api',
    name: id,
    service: id,
    redis: redis.name,
    replicas: props.replicas ?? 2,
    port: props.port ?? 8080,
    durability,
    confirmedBy: confirmations(durability, replication),
    drainMs: drain.toMilliseconds(),
  };
  const rules = new Rules(id);
  const taken = PLATFORM_SETTINGS.filter((name) => Object.hasOwn(props.environment ?? {}, name));
  if (taken.length > 0) {
    rules.refuse('environment', taken.join(', '), 'names that the platform does not set itself', 'Leave them out.');
  }
  rules.whole('replicas', model.replicas, API_RANGES.replicas);
  rules.duration('drain', drain, API_RANGES.drain);
  rules.oneOf('durability', durability, DURABILITIES);
  const problem = durabilityProblem(durability, replication.replicas);
  if (problem) rules.refuse('durability', durability, problem.allowed, problem.fix);
  return { model, problems: rules.problems };
}

/**
 * What the platform tells a container, besides where Redis is.
 * @param own address of the container
 */
export function renderEnvironment(model: ApiModel, own: string): Record<(typeof OWN_SETTINGS)[number], string> {
  return {
    // Loopback is for the health check; the own address is the one that rules lead to.
    LISTEN_ADDRESS: `${own}:${model.port},127.0.0.1:${model.port}`,
    REDIS_WAIT_REPLICAS: String(model.confirmedBy),
    DRAIN_SECONDS: String(Duration.milliseconds(model.drainMs).toSeconds()),
  };
}
