import { Size } from '../core/units.js';

/** What a node may use for what, so that it never meets its container's limit: the kernel would kill it there. */
export interface NodeMemory {
  /** Written but not yet read by replicas. One that stands still is dropped at this, and syncs anew when it is back. */
  readonly replicaBuffer: Size;
  /** Questions and answers of all clients together; at this, Redis drops those that use most. */
  readonly clients: Size;
  /** The container's limit. */
  readonly container: Size;
}

/** Redis' own code and tables, the replication backlog (16 MiB), the supervisor, and what the allocator loses to fragments. */
const BASE = Size.mebibytes(96);
const LEAST_REPLICA_BUFFER = Size.mebibytes(64);
const LEAST_CLIENTS = Size.mebibytes(32);

/**
 * Buffers of replicas are not counted as maxmemory (redis.io, "Key eviction"), and by default one may grow to 256 MiB: a frozen replica had the
 * master killed. A snapshot or a rewrite copies each page that is written meanwhile, at worst all of them, hence maxMemory twice.
 */
export function nodeMemory(maxMemory: Size): NodeMemory {
  const bytes = maxMemory.toBytes();
  const atLeast = (least: Size, share: number) => Size.bytes(Math.max(least.toBytes(), Math.floor(bytes * share)));
  const replicaBuffer = atLeast(LEAST_REPLICA_BUFFER, 1 / 2);
  const clients = atLeast(LEAST_CLIENTS, 1 / 4);
  const container = Size.bytes(2 * bytes + replicaBuffer.toBytes() + clients.toBytes() + BASE.toBytes());
  return { replicaBuffer, clients, container };
}
