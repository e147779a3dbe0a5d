import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration, Size } from '../core/units.js';
import type { RedisModel } from '../redis/model.js';

export interface HttpRouteProps {
  /** Host port. */
  readonly port: number;
  /** @default 'roundrobin' */
  readonly balance?: 'roundrobin' | 'leastconn';
  /** @default '/health' */
  readonly healthPath?: string;
  /** @default 1 s */
  readonly checkInterval?: Duration;
  /** Failed checks in a row that take a server out. @default 3 */
  readonly fall?: number;
  /** Successful checks in a row that bring it back. @default 1 */
  readonly rise?: number;
  /** Requests per server at once; more wait. @default 200 */
  readonly maxConnections?: number;
  /** How long a request may wait for a server. @default 2 s */
  readonly queueTimeout?: Duration;
  /** @default 10 s */
  readonly responseTimeout?: Duration;
  /** @default 1 MiB */
  readonly maxRequestSize?: Size;
}

/** Where the proxy listens and whom it leads to. */
export interface ProxyModel extends Model {
  readonly kind: 'proxy';
  /** Name of the service. */
  readonly service: string;
  readonly statistics: {
    readonly port: number;
    readonly listen: Listen;
    readonly clients: number;
    readonly requestTimeoutMs: number;
    readonly user: string;
    /** Name of the secret with the user's password. */
    readonly secret: string;
    /** Whether only that user may look. */
    readonly authenticated: boolean;
  };
  /** By name. */
  readonly http: readonly HttpRouteModel[];
  readonly redis: readonly RedisRouteModel[];
}

/** On the proxy's own address, or on all of them: then whoever shares any network with it reaches the port. */
export type Listen = 'own' | 'all';

interface RouteModel {
  /** Also of the published port. */
  readonly name: string;
  readonly port: number;
  readonly listen: Listen;
  /**
   * Clients at once. Each port has a share of its own, so that a flood at one of them leaves the others alone; what is above it
   * is closed at once, as it would otherwise fill the queues, and the file descriptors, of the engine's port forwarder.
   */
  readonly clients: number;
  /** The endpoint that it leads to. */
  readonly to: Target;
  readonly balance: 'roundrobin' | 'leastconn' | 'first';
}

export interface Target {
  readonly service: string;
  readonly endpoint: string;
  readonly port: number;
  /** Names of its instances. */
  readonly servers: readonly string[];
}

export interface HttpRouteModel extends RouteModel {
  /** How a server is asked whether it is well; null: not at all. */
  readonly check: HttpCheck | null;
  /** For a whole request to arrive. */
  readonly requestTimeoutMs: number;
  /** Requests per server at once; more wait in the queue. */
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly maxRequestBytes: number;
}

export interface HttpCheck {
  readonly path: string;
  readonly everyMs: number;
  /** Failed checks in a row that take a server out. */
  readonly fall: number;
  /** Successful checks in a row that bring it back. */
  readonly rise: number;
}

export interface RedisRouteModel extends RouteModel {
  /** Name of the Redis model. */
  readonly redis: string;
  /** Which nodes get connections: the master, replicas in sync, or any that accepts. */
  readonly role: RedisRole;
  /** How a node is asked what it is; null: it need only take the connection. */
  readonly check: {
    readonly user: string;
    /** Name of the secret with the user's password. */
    readonly secret: string;
    /** An answer that does not come for so long is none. */
    readonly silenceMs: number;
    /** With min-replicas-to-write, a master takes writes only with a replica. */
    readonly needsReplica: boolean;
    /** The node says whether it holds the lease without which it refuses writes. */
    readonly asksLease: boolean;
  } | null;
  /** A client that says nothing for so long after it connected is closed. */
  readonly firstWordMs: number;
  /** Servers that are tried besides the first. */
  readonly retries: number;
}

export type RedisRole = 'master' | 'replica' | 'any';

/** See {@link RouteModel.clients}. */
export const SHARES = { http: 1500, master: 2000, replica: 1000, any: 200, statistics: 50, liveness: 20 } as const;

/** Redis' user for checks. */
const PROBE = 'probe';

/** What each setting of an HTTP route can be. */
export const HTTP_RANGES = {
  checkInterval: ['100ms', '5min'],
  fall: [1, 100],
  rise: [1, 100],
  maxConnections: [1, 100_000],
  queueTimeout: ['100ms', '5min'],
  responseTimeout: ['100ms', '1h'],
  maxRequestSize: ['1KiB', '1GiB'],
} as const satisfies Record<string, Range<unknown>>;

/** @param id of the construct */
export function resolveProxy(id: string, statsPort: number): ProxyModel {
  return {
    kind: 'proxy',
    name: id,
    service: id,
    statistics: {
      port: statsPort,
      listen: 'own',
      clients: SHARES.statistics,
      requestTimeoutMs: 5000,
      user: 'admin',
      secret: `${id}-stats`,
      // The page shows and changes nothing, but names every server.
      authenticated: true,
    },
    http: [],
    redis: [],
  };
}

/** @param proxy id of the construct */
export function resolveHttpRoute(
  proxy: string,
  name: string,
  to: Target,
  props: HttpRouteProps,
): { readonly route: HttpRouteModel; readonly problems: Resolved<ProxyModel>['problems'] } {
  const everyMs = (props.checkInterval ?? Duration.seconds(1)).toMilliseconds();
  const check = { path: props.healthPath ?? '/health', everyMs, fall: props.fall ?? 3, rise: props.rise ?? 1 };
  const route: HttpRouteModel = {
    name,
    port: props.port,
    listen: 'own',
    clients: SHARES.http,
    to,
    balance: props.balance ?? 'roundrobin',
    check,
    requestTimeoutMs: 5000,
    maxConnections: props.maxConnections ?? 200,
    queueTimeoutMs: (props.queueTimeout ?? Duration.seconds(2)).toMilliseconds(),
    responseTimeoutMs: (props.responseTimeout ?? Duration.seconds(10)).toMilliseconds(),
    maxRequestBytes: (props.maxRequestSize ?? Size.mebibytes(1)).toBytes(),
  };
  const rules = new Rules(proxy);
  for (const setting of ['checkInterval', 'queueTimeout', 'responseTimeout'] as const) {
    const value = props[setting];
    if (value) rules.duration(setting, value, HTTP_RANGES[setting]);
  }
  for (const setting of ['fall', 'rise', 'maxConnections'] as const) {
    const value = props[setting];
    if (value !== undefined) rules.whole(setting, value, HTTP_RANGES[setting]);
  }
  if (props.maxRequestSize) rules.size('maxRequestSize', props.maxRequestSize, HTTP_RANGES.maxRequestSize);
  return { route, problems: rules.problems };
}

/** A port that leads to nodes or Sentinels. */
export function resolveRedisRoute(
  route: { readonly name: string; readonly port: number; readonly role: RedisRole; readonly to: Target },
  redis: RedisModel,
): RedisRouteModel {
  const { role } = route;
  return {
    ...route,
    listen: 'own',
    clients: SHARES[role],
    balance: role === 'replica' ? 'leastconn' : 'first',
    redis: redis.name,
    check:
      role === 'any'
        ? null
        : {
            user: PROBE,
            secret: redis.nodes.users.find(({ name }) => name === PROBE)?.secret ?? '',
            // The Sentinels call a master down after downAfter; the proxy gives up on it then, and not before.
            silenceMs: role === 'master' ? redis.downAfterMs + 100 : 600,
            needsReplica: role === 'master' && redis.nodes.minReplicasToWrite > 0,
            asksLease: redis.fencing === 'lease',
          },
    firstWordMs: 3000,
    // Another replica is tried where one takes no connection; what was sent is never sent again.
    retries: role === 'replica' ? 2 : 0,
  };
}
