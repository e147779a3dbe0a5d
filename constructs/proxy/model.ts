import { type Model, type Range, Rules, type SettingProblem } from '../core/model.js';
import { Duration, Size } from '../core/units.js';

export interface ListenerProps {
  /** Host port. */
  readonly port: number;
  /** Clients at once. @default 1500 */
  readonly clients?: number;
  /** For a request's head to arrive. @default 5 s */
  readonly requestTimeout?: Duration;
}

export interface HttpRouteProps {
  /** Whether the prefix is taken away before the request goes on: `/py/items` arrives as `/items`. @default false */
  readonly stripPrefix?: boolean;
  /** @default 'roundrobin' */
  readonly balance?: 'roundrobin' | 'leastconn';
  /** What the proxy asks each server; not below the prefix. @default '/health' */
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
  readonly http: readonly HttpListenerModel[];
  readonly tcp: readonly TcpRouteModel[];
}

/** On the proxy's own address, or on all of them: then whoever shares any network with it reaches the port. */
export type Listen = 'own' | 'all';

interface ListenerModel {
  /** Also of the published port. */
  readonly name: string;
  readonly port: number;
  readonly listen: Listen;
  /**
   * Clients at once. Each port has a share of its own, so that a flood at one of them leaves the others alone; what is above it
   * is closed at once, as it would otherwise fill the queues, and the file descriptors, of the engine's port forwarder.
   */
  readonly clients: number;
}

/** What a backend of HAProxy is made of. */
interface RouteModel {
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

export interface HttpListenerModel extends ListenerModel {
  /** For a request's head to arrive. */
  readonly requestTimeoutMs: number;
  /** The longest prefix first: the first one that fits gets the request. */
  readonly routes: readonly HttpRouteModel[];
}

export interface HttpRouteModel extends RouteModel {
  /** Of its backend: the listener's, with the parts of the prefix after it, e.g. `http:py`. */
  readonly name: string;
  /** Of the paths that go there; begins and ends with a slash. */
  readonly prefix: string;
  readonly stripPrefix: boolean;
  /** How a server is asked whether it is well; null: not at all. */
  readonly check: HttpCheck | null;
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

/** A port that leads to one service, whatever is spoken there. */
export interface TcpRouteModel extends ListenerModel, RouteModel {
  /** Which servers get connections: the master, replicas in sync, or any that accepts. */
  readonly role: TcpRole;
  /** How a server is asked whether it has the role; null: it need only take the connection. */
  readonly check: TcpCheck | null;
  /** A client that says nothing for so long after it connected is closed. */
  readonly firstWordMs: number;
  /** Servers that are tried besides the first. */
  readonly retries: number;
}

export type TcpRole = 'master' | 'replica' | 'any';

/** A conversation with a server. */
export interface TcpCheck {
  /** Name of the secret that `{password}` stands for in what is said. */
  readonly secret: string;
  /** An answer that does not come for so long is none. */
  readonly silenceMs: number;
  readonly dialogue: readonly {
    /** Lines, sent at once. */
    readonly say: readonly string[];
    readonly expect: readonly TcpAnswer[];
  }[];
}

/** A text that must come, or one that fits a regular expression, with what the statistics say of a server where it does not. */
export type TcpAnswer = { readonly text: string } | { readonly pattern: string; readonly otherwise: string };

/** See {@link ListenerModel.clients}. */
export const SHARES = { http: 1500, master: 2000, replica: 1000, any: 200, statistics: 50, liveness: 20 } as const;

const LISTENER_RANGES = {
  port: [1, 65_535],
  clients: [1, 100_000],
  requestTimeout: ['100ms', '5min'],
} as const satisfies Record<string, Range<unknown>>;

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
    tcp: [],
  };
}

/** Names in haproxy.cfg that are taken. */
const OWN_NAMES = ['alive', 'statistics', 'stats'];
const NAME = /^[a-z][a-z0-9-]{0,30}$/;
/** Nothing that a client or a server could write in another way, and that is no part of a pattern but the dot. */
const PREFIX = /^\/(?:(?!\.{1,2}\/)[\w.-]+\/)*$/;

/** What a proxy listens on already: names by ports. */
export type TakenPorts = ReadonlyMap<number, string>;

/** @param proxy id of the construct */
export function resolveListener(
  proxy: string,
  name: string,
  props: ListenerProps,
  taken: TakenPorts,
): { readonly listener: HttpListenerModel; readonly problems: readonly SettingProblem[] } {
  const requestTimeout = props.requestTimeout ?? Duration.seconds(5);
  const listener: HttpListenerModel = {
    name,
    port: props.port,
    listen: 'own',
    clients: props.clients ?? SHARES.http,
    requestTimeoutMs: requestTimeout.toMilliseconds(),
    routes: [],
  };
  const rules = new Rules(`${proxy}.listen(${name})`);
  checkListener(rules, listener, taken);
  rules.whole('clients', listener.clients, LISTENER_RANGES.clients);
  rules.duration('requestTimeout', requestTimeout, LISTENER_RANGES.requestTimeout);
  return { listener, problems: rules.problems };
}

/** What holds for every port. */
export function checkListener(
  rules: Rules,
  { name, port }: Pick<ListenerModel, 'name' | 'port'>,
  taken: TakenPorts,
): void {
  if (!NAME.test(name) || OWN_NAMES.includes(name)) {
    const allowed = `a lower-case letter, then up to 30 of a-z, 0-9 and -; not ${OWN_NAMES.join(', ')}`;
    rules.refuse('name', name, allowed, 'Choose a short name such as `http`.');
  } else if ([...taken.values()].includes(name)) {
    rules.refuse('name', name, 'a name that no other listener has', 'Call it differently, or add routes to the other.');
  }
  rules.whole('port', port, LISTENER_RANGES.port);
  const other = taken.get(port);
  if (other !== undefined) {
    const allowed = `a port that ${other} does not listen on`;
    rules.refuse('port', port, allowed, 'Choose another one, or give one listener several routes.');
  }
}

/** @param rules collects what cannot be */
export function resolveHttpRoute(
  rules: Rules,
  listener: Pick<HttpListenerModel, 'name' | 'routes'>,
  prefix: string,
  to: Target,
  props: HttpRouteProps,
): HttpRouteModel {
  const everyMs = (props.checkInterval ?? Duration.seconds(1)).toMilliseconds();
  const check = { path: props.healthPath ?? '/health', everyMs, fall: props.fall ?? 3, rise: props.rise ?? 1 };
  checkPrefix(rules, listener.routes, prefix, props);
  checkRanges(rules, props);
  return {
    name: [listener.name, ...prefix.split('/').filter((part) => part !== '')].join(':'),
    prefix,
    stripPrefix: props.stripPrefix ?? false,
    to,
    balance: props.balance ?? 'roundrobin',
    check,
    maxConnections: props.maxConnections ?? 200,
    queueTimeoutMs: (props.queueTimeout ?? Duration.seconds(2)).toMilliseconds(),
    responseTimeoutMs: (props.responseTimeout ?? Duration.seconds(10)).toMilliseconds(),
    maxRequestBytes: (props.maxRequestSize ?? Size.mebibytes(1)).toBytes(),
  };
}

function checkPrefix(
  rules: Rules,
  routes: readonly HttpRouteModel[],
  prefix: string,
  { stripPrefix = false }: HttpRouteProps,
): void {
  if (!PREFIX.test(prefix)) {
    const allowed = '/, or parts of letters, digits, _ . and - with a slash before and after each';
    rules.refuse('prefix', prefix, allowed, 'Use e.g. `/py/`.');
  }
  if (routes.some((route) => route.prefix === prefix)) {
    const allowed = 'a prefix that no other route of the listener has';
    rules.refuse('prefix', prefix, allowed, 'Leave one of the two routes out, or give it a prefix of its own.');
  }
  if (stripPrefix && prefix === '/') {
    const allowed = 'false for the prefix /';
    rules.refuse('stripPrefix', stripPrefix, allowed, 'Leave it out: there is nothing that could be taken away.');
  }
}

function checkRanges(rules: Rules, props: HttpRouteProps): void {
  for (const setting of ['checkInterval', 'queueTimeout', 'responseTimeout'] as const) {
    const value = props[setting];
    if (value) rules.duration(setting, value, HTTP_RANGES[setting]);
  }
  for (const setting of ['fall', 'rise', 'maxConnections'] as const) {
    const value = props[setting];
    if (value !== undefined) rules.whole(setting, value, HTTP_RANGES[setting]);
  }
  if (props.maxRequestSize) rules.size('maxRequestSize', props.maxRequestSize, HTTP_RANGES.maxRequestSize);
}

/** The longest first; the order in which routes were declared has no meaning. */
export function byPrefix(a: HttpRouteModel, b: HttpRouteModel): number {
  return b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1);
}

export function resolveTcpRoute(
  route: { readonly name: string; readonly port: number; readonly role: TcpRole; readonly to: Target },
  check: TcpCheck | null,
): TcpRouteModel {
  const { role } = route;
  return {
    ...route,
    listen: 'own',
    clients: SHARES[role],
    balance: role === 'replica' ? 'leastconn' : 'first',
    check,
    firstWordMs: 3000,
    // Another replica is tried where one takes no connection; what was sent is never sent again.
    retries: role === 'replica' ? 2 : 0,
  };
}
