import { Size } from '../core/units.js';

/** Save a snapshot when at least `changes` keys changed within `seconds`. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** Redis 4.0-8 defaults, written out because later versions changed the first one (redis.conf). */
export const DEFAULT_SAVE_POINTS: readonly SavePoint[] = [
  { seconds: 900, changes: 1 },
  { seconds: 300, changes: 10 },
  { seconds: 60, changes: 10_000 },
];

export const FSYNC = ['always', 'everysec', 'no'] as const;

export interface AppendOnly {
  /** `everysec` may lose a second of writes when the machine dies, `always` none, `no` leaves it to the kernel. */
  readonly fsync: (typeof FSYNC)[number];
  /** Growth since the last rewrite, in percent, that starts a rewrite; 0 turns rewriting off. */
  readonly rewritePercentage: number;
  /** No rewrite below this size. */
  readonly rewriteMinSize: Size;
}

/** As in redis.conf of Redis 8. */
export const DEFAULT_APPEND_ONLY: AppendOnly = {
  fsync: 'everysec',
  rewritePercentage: 100,
  rewriteMinSize: Size.mebibytes(64),
};

/** What Redis does when `maxmemory` is reached (Redis 8 knows no others). */
export const EVICTION_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;
export type EvictionPolicy = (typeof EVICTION_POLICIES)[number];
