import type { Size } from '../core/units.js';

/** Save a snapshot when at least `changes` keys changed within `seconds`. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** How Redis keeps its data on disk. */
export interface Persistence {
  /** Snapshots; an empty list turns them off. @default 900 1, 300 10, 60 10000 (Redis' own up to version 6) */
  readonly savePoints: readonly SavePoint[];
  /** The append-only file; undefined turns it off. @default everysec, rewritten at +100 % from 64 MiB (redis.conf of Redis 8) */
  readonly appendOnly: AppendOnly | undefined;
}

export interface AppendOnly {
  /** `everysec` may lose a second of writes when the machine dies, `always` none, `no` leaves it to the kernel. */
  readonly fsync: 'always' | 'everysec' | 'no';
  /** Growth since the last rewrite, in percent, that starts a rewrite; 0 turns rewriting off. */
  readonly rewritePercentage: number;
  /** No rewrite below this size. */
  readonly rewriteMinSize: Size;
}

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
