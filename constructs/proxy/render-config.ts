import type { Duration, Size } from '../core/units.js';

/** A server behind the proxy. */
export interface Upstream {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface HttpRoute {
  readonly name: string;
  readonly port: number;
  /** Whose containers are behind it. */
  readonly service: string;
  readonly servers: readonly Upstream[];
  readonly balance: 'roundrobin' | 'leastconn';
  readonly healthPath: string;
  readonly checkInterval: Duration;
  /** Failed checks in a row that take a server out. */
  readonly fall: number;
  /** Successful checks in a row that bring it back. */
  readonly rise: number;
  /** Requests per server at once; more wait in the queue. */
  readonly maxConnections: number;
  readonly queueTimeout: Duration;
  readonly responseTimeout: Duration;
  readonly maxRequestSize: Size;
}

export interface RedisRoute {
  readonly name: string;
  readonly port: number;
  readonly servers: readonly Upstream[];
  /** Which nodes get connections: the master, replicas in sync, or any that accepts. */
  readonly role: 'master' | 'replica' | 'any';
}

export interface ProxyOptions {
  /** The proxy's own address: it listens there and on loopback only. */
  readonly bindAddress: string;
  readonly http: readonly HttpRoute[];
  readonly redis: readonly RedisRoute[];
  readonly statsPort: number;
  /** With min-replicas-to-write, a master counts as one only with a replica: see below. */
  readonly masterNeedsReplica: boolean;
  readonly probeUser: string;
}

/** Quotes a text for the log; `%[...]` is HAProxy's. */
const text = (sample: string) => `"%[${sample},json(utf8s)]"`;

/** One line of JSON a request, in names of the Elastic Common Schema. The path is without its query, which may hold anything. */
const HTTP_LOG = logLine({
  'log.level': '"%[var(txn.level,info)]"',
  message: '"%[var(txn.method),json(utf8s)] %[var(txn.path),json(utf8s)] %ST"',
  'http.request.method': text('var(txn.method)'),
  'url.path': text('var(txn.path)'),
  'http.response.status_code': '%ST',
  'http.response.bytes': '%B',
  'event.duration': '%[txn.timer.total,mul(1000000)]',
  'request.id': text('var(txn.request_id)'),
  'client.ip': '"%ci"',
  'backend.name': '"%b"',
  'server.name': '"%s"',
  'haproxy.termination_state': '"%ts"',
});

/** Only connections that did not end in good order are logged. */
const TCP_LOG = logLine({
  'log.level': '"warn"',
  message: '"a connection of %b to %s ended: %ts"',
  'client.ip': '"%ci"',
  'backend.name': '"%b"',
  'server.name': '"%s"',
  'haproxy.termination_state': '"%ts"',
});

function logLine(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([name, value]) => `"${name}":${value}`);
  return `log-format '{${parts.join(',')}}'`;
}

/** Port of the liveness page, on loopback only. */
export const LIVENESS_PORT = 8405;

/** haproxy.cfg (3.0). Passwords come from the environment that `secrets.cfg`, loaded before, sets. */
export function renderProxyConfig(options: ProxyOptions): string {
  return [
    renderGlobals(),
    renderStats(options),
    ...options.http.map((route) => renderHttp(route, options.bindAddress)),
    ...options.redis.map((route) => renderRedis(route, options)),
  ].join('\n');
}

function renderGlobals(): string {
  return `global
    # The level, as <4>, then the text: log-run reads both.
    log stdout format short local0 info
    maxconn 4000
    # When two threads log at the same moment, one of the lines is dropped.
    nbthread 1
    # On SIGUSR1 the proxy stops listening, lets sessions end, and is gone after this long at the latest.
    hard-stop-after 3s

defaults
    log global
    timeout connect 1s
    timeout check 1s
    # Half-open clients are noticed by the kernel, so that long-lived Redis connections need no short time-out.
    option clitcpka
    option srvtcpka
`;
}

function renderStats({ bindAddress, statsPort }: ProxyOptions): string {
  return `frontend alive
    mode http
    # The health check, every few seconds.
    no log
    bind 127.0.0.1:${LIVENESS_PORT}
    timeout client 2s
    monitor-uri /live

frontend statistics
    mode http
    bind ${bindAddress}:${statsPort}
    timeout client 10s
    timeout http-request 5s
    stats enable
    stats uri /
    stats hide-version
    stats refresh 5s
    option httplog
    stats auth "admin:\${STATS_PASSWORD}"
`;
}

function renderHttp(route: HttpRoute, bindAddress: string): string {
  const limit = route.maxRequestSize.toBytes();
  const servers = route.servers.map(
    ({ name, address, port }) => `    server ${name} ${address}:${port} maxconn ${route.maxConnections}`,
  );
  return `frontend ${route.name}
    mode http
    bind ${bindAddress}:${route.port}
    ${HTTP_LOG}
    timeout client 30s
    timeout http-request 5s
    timeout http-keep-alive 30s
    option forwardfor
    # One id from here through the API into every line; a client's own only if it could not write lines of its own with it.
    unique-id-format %[uuid]
    acl request-id-is-sane req.hdr(X-Request-ID) -m reg ^[A-Za-z0-9._:/+=-]{1,128}$
    http-request set-header X-Request-ID %[unique-id] unless request-id-is-sane
    http-request set-var(txn.request_id) req.hdr(X-Request-ID)
    http-request set-var(txn.method) method
    http-request set-var(txn.path) path
    http-after-response set-header X-Request-ID %[var(txn.request_id)]
    http-after-response set-var(txn.level) str(warn) if { status ge 500 }
    http-request deny deny_status 413 content-type application/json string '{"error":{"code":"body_too_large","message":"The request body is larger than ${limit} bytes."}}' if { req.hdr_val(content-length) gt ${limit} }
    # While no server is up, clients are told when to come back, as the API itself does.
    http-error status 503 content-type application/json string '{"error":{"code":"unavailable","message":"No container of ${route.service} is up."}}' hdr Retry-After 1
    http-response del-header Server
    default_backend ${route.name}

backend ${route.name}
    mode http
    balance ${route.balance}
    option httpchk
    http-check send meth GET uri ${route.healthPath} ver HTTP/1.1 hdr Host proxy
    http-check expect status 200
    timeout server ${route.responseTimeout.toMilliseconds()}ms
    timeout queue ${route.queueTimeout.toMilliseconds()}ms
    # Only what surely never reached a server is sent to another one.
    retries 3
    retry-on conn-failure
    option redispatch 1
    http-error status 503 content-type application/json string '{"error":{"code":"unavailable","message":"No container of ${route.service} is up."}}' hdr Retry-After 1
    default-server check inter ${route.checkInterval.toMilliseconds()}ms fastinter 500ms downinter 500ms fall ${route.fall} rise ${route.rise}
${servers.join('\n')}
`;
}

/**
 * The role alone kept routing to a frozen ex-master for up to 10 s after a failover; asking for a replica in sync
 * mends it for new connections. Without QUIT a check that does not match would wait for its whole time-out.
 */
function renderRedis(route: RedisRoute, options: ProxyOptions): string {
  const expected = {
    master: options.masterNeedsReplica ? 'role:master[^$]*min_slaves_good_slaves:[1-9]' : 'role:master',
    replica: 'role:slave[^$]*master_link_status:up',
    any: undefined,
  }[route.role];
  const checks = expected
    ? `    option tcp-check
    tcp-check connect
    tcp-check send "AUTH ${options.probeUser} \${PROBE_PASSWORD}\\r\\n"
    tcp-check expect string +OK
    tcp-check send "INFO replication\\r\\nQUIT\\r\\n"
    tcp-check expect rstring ${expected}
    default-server check inter 200ms fastinter 100ms downinter 200ms fall 2 rise 1
`
    : `    default-server check inter 1s fall 2 rise 1
`;
  const servers = route.servers.map(({ name, address, port }) => `    server ${name} ${address}:${port}`);
  return `listen ${route.name}
    mode tcp
    bind ${options.bindAddress}:${route.port}
    balance ${route.role === 'replica' ? 'leastconn' : 'first'}
    ${TCP_LOG}
    option dontlog-normal
    timeout client 1h
    timeout server 1h
    timeout check 400ms
    retries 0
    option redispatch
${checks}${servers.join('\n')}
`;
}
