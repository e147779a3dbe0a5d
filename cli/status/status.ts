/** How a deployment is, as `npm run status -- --json` prints it. */
export interface Status {
  readonly deployment: string;
  /** Whether everything that is declared runs and plays its part. */
  readonly ok: boolean;
  /** Whether clients are served: all is well but, at most, supporting services such as logs. */
  readonly serving: boolean;
  /** What is wrong and, where known, what to do. Empty if and only if all is well. */
  readonly problems: readonly string[];
  /** Those of the problems that stay until somebody does something. */
  readonly lasting: readonly string[];
  /** The containers' short names that the problems are about, e.g. `redis-1`. */
  readonly concerned: readonly string[];
  readonly containers: readonly ContainerStatus[];
  /** Null where the master did not answer. */
  readonly redis: RedisStatus | null;
  readonly sentinels: readonly SentinelStatus[];
  readonly backends: readonly BackendStatus[];
}

export interface ContainerStatus {
  /** Short, e.g. `redis-0`. */
  readonly name: string;
  /** On the engine, e.g. `rp-dev-redis-0`. */
  readonly container: string;
  /** A seeder holds configuration files and is never started. */
  readonly role: 'service' | 'seeder';
  /** Of a service that clients are served without. */
  readonly supporting: boolean;
  /** As the engine calls it, or `missing`. */
  readonly state: string;
  /** `none` without a health check, null while it does not run. */
  readonly health: 'healthy' | 'starting' | 'unhealthy' | 'none' | null;
  /** How often the engine started it again by itself. */
  readonly restarts: number;
  /** Null unless it runs. ISO 8601. */
  readonly startedAt: string | null;
  readonly ok: boolean;
}

/** What the master says about itself and its replicas. */
export interface RedisStatus {
  /** The master's short name, e.g. `redis-0`, or its address where that is unknown. */
  readonly master: string;
  readonly address: string;
  /** Bytes of the replication stream so far. */
  readonly offset: number;
  readonly replicas: readonly ReplicaStatus[];
  /** What lets it take writes; null where fencing is off. */
  readonly lease: LeaseStatus | null;
}

/** A master's permission to take writes, which the Sentinels renew several times a second. */
export interface LeaseStatus {
  readonly remainingMs: number;
  /** How often the node ran out of it, or was denied it, since it started. */
  readonly fences: number;
}

export interface ReplicaStatus {
  readonly name: string;
  readonly address: string;
  /** `online` once it is in sync; else `wait_bgsave`, `send_bulk`, or `missing`. */
  readonly link: string;
  readonly offset: number;
  /** What it has yet to confirm. */
  readonly bytesBehind: number;
  /** Since its last word. It speaks once a second. */
  readonly lagSeconds: number;
}

/** What one Sentinel thinks. */
export interface SentinelStatus {
  readonly name: string;
  /** Whom it calls master: a short name, or an address; null where it did not answer. */
  readonly master: string | null;
  /** E.g. `master`, `s_down`, `o_down`, `failover_in_progress`. */
  readonly flags: readonly string[];
  readonly replicas: number;
  /** Short names of the replicas that it would make master: reachable, in sync, and with a priority. It learns of changes every 10 s. */
  readonly electable: readonly string[];
  readonly otherSentinels: number;
  /** Counts the failovers; Sentinels that agree have the same. */
  readonly configEpoch: number;
  /** Whether enough Sentinels can be reached to fail over. */
  readonly quorum: boolean;
  readonly ok: boolean;
}

/** The servers that the proxy leads one published port to. */
export interface BackendStatus {
  readonly name: string;
  readonly expectedUp: number;
  readonly servers: readonly {
    readonly name: string;
    readonly up: boolean;
    readonly status: string;
    readonly check: string;
  }[];
  readonly ok: boolean;
}

/** Something wrong, and with which container. */
export interface Finding {
  readonly problem: string;
  /** Short name of the container; absent where it concerns several or none. */
  readonly about?: string | undefined;
  /** Whether it stays until somebody does something. @default false */
  readonly lasting?: boolean;
}
