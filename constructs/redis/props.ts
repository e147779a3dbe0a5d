import type { ContainerImage } from '../core/container-image.js';
import type { Limits } from '../core/service.js';
import type { Duration, Size } from '../core/units.js';
import type { AppendOnly, EvictionPolicy, SavePoint } from './persistence.js';
import type { Fencing } from './users.js';

export interface RedisReplicationProps {
  /** 0-16. @default 2 */
  readonly replicas?: number;
  /** 1-9, odd. @default 3 */
  readonly sentinels?: number;
  /** Sentinels that must agree that the master is down: a majority, at most all. @default the smallest majority */
  readonly quorum?: number;
  /** The name under which Sentinel-aware clients ask for the master. @default 'platform' */
  readonly masterName?: string;
  /** Snapshots; an empty list turns them off. @default 900 1, 300 10, 60 10000 */
  readonly savePoints?: readonly SavePoint[];
  /** The append-only file; `'off'` turns it off. @default everysec, rewritten at +100 % from 64 MiB */
  readonly appendOnly?: AppendOnly | 'off';
  /** @default 128 MiB */
  readonly maxMemory?: Size;
  /** @default 'noeviction': writes fail rather than data vanish */
  readonly evictionPolicy?: EvictionPolicy;
  /**
   * Gives back memory between keys while it runs. Needs a Redis that is built with its own jemalloc: the catalogue's `redis-defrag`, which the
   * nodes then run.
   * @default false
   */
  readonly activeDefrag?: boolean;
  /** Replicas that must be connected for the master to take writes, 0 up to `replicas`. @default 1, or 0 without replicas */
  readonly minReplicasToWrite?: number;
  /** Silence after which a Sentinel calls the master down. Below 1500 ms a new master was called down too. @default 1500 ms */
  readonly downAfter?: Duration;
  /** @default 10 s */
  readonly failoverTimeout?: Duration;
  /**
   * `'lease'`: a master accepts and confirms writes only while a majority of the Sentinels cannot fail it over, so that one
   * which was frozen confirms nothing that another master knows nothing of. Its lease is as long as `downAfter`. While two of three
   * Sentinels are silent (not merely dead), it refuses writes with `NOREPLICAS`. Needs 3 Sentinels and a replica, and an image with the module of
   * `images/redis/module`: a node whose image lacks it says so and does not start.
   * @default 'lease' with at least 3 Sentinels and 1 replica, else 'off'
   */
  readonly fencing?: Fencing;
  /** Per node. @default memory: what maxMemory, snapshots and buffers need at worst (`memory.ts`); 1 CPU */
  readonly limits?: Limits;
  /** An image that carries the supervisor and the module of `images/redis`, and whether its Redis can defragment. @default the catalogue's */
  readonly image?: { readonly image: ContainerImage; readonly supportsActiveDefrag: boolean };
}
