import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration } from '../core/units.js';
import type { RedisModel } from './model.js';
import type { Fencing } from './users.js';

/** Which backups stay. The newest always does, however old it is. */
export interface BackupRetention {
  /** @default 24 */
  readonly count?: number;
  /** @default 7 days */
  readonly maxAge?: Duration;
}

export interface BackupsSchedule {
  /** From the begin of one backup to that of the next. @default 1 h */
  readonly every?: Duration;
  readonly keep?: BackupRetention;
}

/** Backups that are taken by themselves. */
export interface BackupsModel extends Model {
  readonly kind: 'backups';
  /** Name of the service. */
  readonly service: string;
  /** Name of the Redis model. */
  readonly redis: string;
  /** Its user that reads all data, its nodes, and whether these answer for leases. */
  readonly user: string;
  readonly nodes: number;
  readonly fencing: Fencing;
  readonly everyMs: number;
  readonly count: number;
  readonly maxAgeMs: number;
}

/** What each setting can be. */
export const BACKUP_RANGES = {
  every: ['1min', '30d'],
  count: [1, 1000],
  maxAge: ['1min', '3650d'],
} as const satisfies Record<string, Range<unknown>>;

/** @param id of the construct */
export function resolveBackups(
  id: string,
  { every = Duration.seconds(3600), keep = {} }: BackupsSchedule,
  redis: Pick<RedisModel, 'name' | 'nodes' | 'fencing'>,
): Resolved<BackupsModel> {
  const { count = 24, maxAge = Duration.seconds(7 * 24 * 3600) } = keep;
  const rules = new Rules(id);
  rules.duration('every', every, BACKUP_RANGES.every);
  rules.whole('keep.count', count, BACKUP_RANGES.count, 'The newest is always kept.');
  rules.duration('keep.maxAge', maxAge, BACKUP_RANGES.maxAge);
  const model: BackupsModel = {
    kind: 'backups',
    name: id,
    service: `${redis.name}-${id}`,
    redis: redis.name,
    user: 'backup',
    nodes: redis.nodes.count,
    fencing: redis.fencing,
    everyMs: every.toMilliseconds(),
    count,
    maxAgeMs: maxAge.toMilliseconds(),
  };
  return { model, problems: rules.problems };
}

/** backup.json. */
export function renderBackups(
  { user, nodes, fencing, everyMs, count, maxAgeMs }: BackupsModel,
  passwordFile: string,
  node: (index: number) => string,
): string {
  const config = {
    nodes: Array.from({ length: nodes }, (_, index) => node(index)),
    redisUser: { username: user, passwordFile },
    fencing,
    everySeconds: Math.round(everyMs / 1000),
    keep: { count, maxAgeSeconds: Math.round(maxAgeMs / 1000) },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
