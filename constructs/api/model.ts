import { type Model, type Resolved, Rules } from '../core/model.js';
import { type HttpSettings, resolveHttp } from '../http/model.js';
import type { RedisModel } from '../redis/model.js';
import { CLIENT_SETTINGS } from '../redis/grant.js';
import { confirmations, DURABILITIES, type Durability, durabilityProblem } from './durability.js';

export interface ApiSettings extends HttpSettings {
  /**
   * What a 2xx answer to a write stands for. `'replicated'`: it is on the master and on as many replicas as
   * `redis.minReplicasToWrite` says, at least one. `'master'`: it is on the master, and lost with it.
   * @default 'replicated', or 'master' where Redis has no replicas
   */
  readonly durability?: Durability;
}

/** What an HTTP service that keeps its data in Redis promises of a write. */
export interface ApiModel extends Model {
  readonly kind: 'api';
  /** Name of the service. */
  readonly service: string;
  /** Name of the Redis model. */
  readonly redis: string;
  readonly durability: Durability;
  /** Replicas that must confirm a write before it is answered. */
  readonly confirmedBy: number;
}

/** What is told besides what every HTTP service is. */
const WAIT = 'REDIS_WAIT_REPLICAS';

/**
 * The problems are those of the HTTP service as well.
 * @param id of the construct
 */
export function resolveApi(
  id: string,
  props: ApiSettings,
  redis: Pick<RedisModel, 'name' | 'nodes'>,
): Resolved<ApiModel> {
  const http = resolveHttp(id, props, [WAIT, ...CLIENT_SETTINGS]);
  const replication = { replicas: redis.nodes.count - 1, minReplicasToWrite: redis.nodes.minReplicasToWrite };
  const durability = props.durability ?? (replication.replicas > 0 ? 'replicated' : 'master');
  const model: ApiModel = {
    kind: 'api',
    name: id,
    service: http.model.service,
    redis: redis.name,
    durability,
    confirmedBy: confirmations(durability, replication),
  };
  const rules = new Rules(id);
  rules.oneOf('durability', durability, DURABILITIES);
  const problem = durabilityProblem(durability, replication.replicas);
  if (problem) rules.refuse('durability', durability, problem.allowed, problem.fix);
  return { model, problems: [...http.problems, ...rules.problems] };
}

export function renderSettings({ confirmedBy }: ApiModel): Record<typeof WAIT, string> {
  return { REDIS_WAIT_REPLICAS: String(confirmedBy) };
}
