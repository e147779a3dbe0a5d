import { lines } from '../core/lines.js';
import { Secret } from '../core/secret.js';
import { Duration } from '../core/units.js';
import {
  type HttpCheck,
  type HttpRouteModel,
  type Listen,
  type ProxyModel,
  type RedisRouteModel,
  SHARES,
  type Target,
} from './model.js';

/** Where the containers are. */
export interface ProxyAddresses {
  /** The proxy's own address: it listens there and on loopback only. */
  readonly own: string;
  readonly server: (endpoint: string, instance: string) => string;
}

/** A connection that is closed at once is counted for a moment. */
const ABOVE_SHARE = 10;
/** How the statistics call a master that has no lease, and so refuses writes. */
export const NO_LEASE = 'no lease';
/** Sessions that were open before a reload, or a stop, end after this long at the latest. */
export const OLD_SESSIONS_END_WITHIN = Duration.seconds(30);

function share(clients: number): string {
  return `maxconn ${clients + ABOVE_SHARE}
    tcp-request connection reject if { fe_conn gt ${clients} }
    # Port scans and health checks.
    option dontlognull`;
}

/**
 * One JSON object a request or connection; log-run turns `-` in these names into the dots of the Elastic Common Schema, and adds level and message.
 * HAProxy encodes the values itself, at any length; what it does not know (of a bad request: nearly everything) is an empty text.
 */
function logFormat(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([name, value]) => `%(${name})${value}`);
  return `log-format "%{+json}o${parts.join('')}"`;
}

const CONNECTION = {
  'client-ip': 'ci',
  'backend-name': 'b',
  'server-name': 's',
  'haproxy-termination_state': 'ts',
} as const;

/** The path is without its query, which may hold anything. */
const HTTP_LOG = logFormat({
  'http-request-method': '[var(txn.method)]',
  'url-path': '[var(txn.path)]',
  'http-response-status_code': 'ST',
  'http-response-bytes': 'B',
  'event-duration': '[txn.timer.total,mul(1000000)]',
  'request-id': '[var(txn.request_id)]',
  ...CONNECTION,
});

/** Only connections that did not end in good order are logged. */
const TCP_LOG = logFormat(CONNECTION);

/** Port of the liveness page, on loopback only. */
const LIVENESS_PORT = 8405;

/** Where images/haproxy/haproxy-reload writes which servers are up. */
const SERVER_STATES = '/tmp/haproxy-servers';

/** haproxy.cfg (3.0). Passwords come from the environment that `secrets.cfg`, loaded before, sets. */
export function renderProxyConfig(model: ProxyModel, at: ProxyAddresses): string {
  return [
    renderGlobals(model),
    renderStats(model.statistics, at),
    ...model.http.map((route) => renderHttp(route, at)),
    ...model.redis.map((route) => renderRedis(route, at)),
  ].join('\n');
}

/** secrets.cfg. `setenv` keeps passwords out of the command line and of `docker inspect`. */
export function renderProxySecrets({ statistics, redis }: ProxyModel): string {
  const variable = (name: string, secret: string) => `    setenv ${name} "${new Secret(secret).plain}"`;
  const probe = redis.flatMap(({ check }) => check?.secret ?? [])[0];
  return lines(
    'global',
    variable('STATS_PASSWORD', statistics.secret),
    ...(probe === undefined ? [] : [variable('PROBE_PASSWORD', probe)]),
  );
}

function renderGlobals({ statistics, http, redis }: ProxyModel): string {
  const shares = [SHARES.liveness, ...[statistics, ...http, ...redis].map(({ clients }) => clients)];
  const most = shares.reduce((sum, clients) => sum + clients + ABOVE_SHARE, 0);
  return `global
    # The level, as <4>, then the text: log-run reads both. The longest line is one with a path of a full head, each character escaped.
    log stdout len 65535 format short local0 info
    maxconn ${most}
    # When two threads log at the same moment, one of the lines is dropped.
    nbthread 1
    # After a reload the old worker serves its sessions for this long. It checks no servers any more, so it must not live long:
    # a session to a master that is no longer one would not end. A stop is quicker, see images/haproxy/haproxy-run.
    hard-stop-after ${OLD_SESSIONS_END_WITHIN.toSeconds()}s
    server-state-file ${SERVER_STATES}

defaults
    log global
    # A burst waits here to be taken or closed; where it overflows, the engine's port forwarder waits for seconds.
    backlog 4096
    timeout connect 1s
    timeout check 1s
    # Half-open clients are noticed by the kernel, so that long-lived Redis connections need no short time-out.
    option clitcpka
    option srvtcpka
    # Else a new worker takes all servers for up until its first checks are over, and sends writers to replicas.
    load-server-state-from-file global
`;
}

function bind({ listen, port }: { readonly listen: Listen; readonly port: number }, { own }: ProxyAddresses): string {
  return `bind ${listen === 'all' ? '*' : own}:${port}`;
}

function renderStats(statistics: ProxyModel['statistics'], at: ProxyAddresses): string {
  return `userlist statistics
    user ${statistics.user} insecure-password "\${STATS_PASSWORD}"

frontend alive
    mode http
    # The health check, every few seconds.
    no log
    bind 127.0.0.1:${LIVENESS_PORT}
    ${share(SHARES.liveness)}
    timeout client 2s
    monitor-uri /live

frontend statistics
    mode http
    ${bind(statistics, at)}
    ${share(statistics.clients)}
    timeout client 10s
    timeout http-request ${seconds(statistics.requestTimeoutMs)}
    stats enable
    stats uri /
    stats hide-version
    stats refresh 5s
    http-request set-var(txn.method) method
    http-request set-var(txn.path) path
    ${HTTP_LOG}
    # People and \`npm run status\` look every few seconds; who is refused is logged.
    http-after-response set-log-level silent if { status 200 }
${statistics.authenticated ? AUTHENTICATION : ''}`;
}

const AUTHENTICATION = `    # Not stats auth, which is logged as a bad request.
    http-request auth realm statistics unless { http_auth(statistics) }
`;

function seconds(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}

/** A backend's own messages are about its servers, and HAProxy writes the same ones to stderr. */
const STATE_CHANGES = 'no log';

/** An error as the API writes its own. A `%` in the message would be HAProxy's. */
function problem(code: string, message: string): string {
  const fields = `"code":"${code}","message":"${message}","requestId":"%[var(txn.request_id)]"`;
  return `content-type application/json lf-string '{"error":{${fields}}}'`;
}

/**
 * What the proxy answers by itself; a frontend and its backend each have their own. What is no request at all never gets here:
 * see images/haproxy/json-errors.
 */
function httpErrors({ to: { service }, responseTimeoutMs }: HttpRouteModel): string {
  const repeat = 'a write may have happened. Repeat it with the same Idempotency-Key.';
  const late = `A container of ${service} did not answer within ${responseTimeoutMs} ms`;
  return [
    `400 ${problem('bad_request', 'The request cannot be read.')}`,
    `408 ${problem('request_timeout', 'The request came too slowly.')}`,
    `500 ${problem('internal_error', 'The proxy failed.')}`,
    `502 ${problem('bad_gateway', `A container of ${service} broke off or answered no HTTP: ${repeat}`)}`,
    // Clients are told when to come back, as the API itself does.
    `503 ${problem('unavailable', `No container of ${service} is up and free: none got this request. Try again.`)} hdr Retry-After 1`,
    `504 ${problem('gateway_timeout', `${late}: ${repeat}`)}`,
  ]
    .map((error) => `    http-error status ${error}`)
    .join('\n');
}

function serverLines({ endpoint, port, servers }: Target, at: ProxyAddresses, more = ''): string {
  return servers.map((name) => `    server ${name} ${at.server(endpoint, name)}:${port}${more}`).join('\n');
}

function httpCheck({ path }: HttpCheck): string {
  return `    option httpchk
    http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host proxy
    http-check expect status 200
`;
}

function renderHttp(route: HttpRouteModel, at: ProxyAddresses): string {
  const { check, maxRequestBytes: limit } = route;
  const rhythm =
    check && `check inter ${check.everyMs}ms fastinter 500ms downinter 500ms fall ${check.fall} rise ${check.rise}`;
  return `frontend ${route.name}
    mode http
    ${bind(route, at)}
    ${share(route.clients)}
    ${HTTP_LOG}
    timeout client 30s
    timeout http-request ${seconds(route.requestTimeoutMs)}
    timeout http-keep-alive 30s
    # In a reload, a connection that a client is just about to use again ends with its next answer, not before.
    option idle-close-on-response
    option forwardfor
    # One id from here through the API into every line; a client's own only if it could not write lines of its own with it.
    unique-id-format %[uuid]
    http-request set-header X-Request-ID %[unique-id] unless { req.fhdr_cnt(X-Request-ID) eq 1 } { req.fhdr(X-Request-ID) -m reg ^[A-Za-z0-9._:/+=-]{1,128}$ }
    http-request set-var(txn.request_id) req.hdr(X-Request-ID)
    http-request set-var(txn.method) method
    http-request set-var(txn.path) path
    http-after-response set-header X-Request-ID %[var(txn.request_id)]
    # What is sent nevertheless is read, so that the client gets to the answer.
    http-request deny deny_status 413 ${problem('body_too_large', `The request body is larger than ${limit} bytes: send less.`)} if { req.hdr_val(content-length) gt ${limit} }
${httpErrors(route)}
    http-response del-header Server
    default_backend ${route.name}

backend ${route.name}
    mode http
    ${STATE_CHANGES}
    balance ${route.balance}
${check ? httpCheck(check) : ''}    timeout server ${route.responseTimeoutMs}ms
    timeout queue ${route.queueTimeoutMs}ms
    # Only what surely never reached a server is sent to another one.
    retries 3
    retry-on conn-failure
    option redispatch 1
${httpErrors(route)}
${rhythm === null ? '' : `    default-server ${rhythm}\n`}${serverLines(route.to, at, ` maxconn ${route.maxConnections}`)}
`;
}

type RedisCheck = NonNullable<RedisRouteModel['check']>;

/** What `INFO` must say of a node that gets connections, and what the statistics call one that does not. */
function expectations(role: RedisRouteModel['role'], check: RedisCheck): string {
  const expected =
    role === 'replica'
      ? [
          ['role:slave', 'not a replica'],
          ['master_link_status:up', 'not in sync'],
        ]
      : [
          ['role:master', 'not a master'],
          ...(check.needsReplica ? [['min_slaves_good_slaves:[1-9]', 'no replica in sync']] : []),
          ...(check.asksLease ? [['rplease_writable:1', NO_LEASE]] : []),
        ];
  return expected.map(([words, why]) => `    tcp-check expect rstring ${words} on-error "${why}"`).join('\n');
}

/**
 * An answer that does not fit, or a refused connection, takes the master out at once; silence only after down-after, when the
 * Sentinels act too: a master that a long command keeps busy stays. A replica out of sync for a moment, as in each failover,
 * stays as well. `inter` is also the longest time for connecting.
 *
 * Without QUIT a check that does not match would wait for its whole time-out.
 */
function renderChecks(route: RedisRouteModel): string {
  const { role, check } = route;
  if (check === null) return '    default-server check inter 1s fall 2 rise 1';
  const rhythm = role === 'replica' ? 'fastinter 400ms fall 3' : 'fastinter 100ms fall 1';
  return `    timeout check ${check.silenceMs}ms
    option tcp-check
    tcp-check connect
    tcp-check send "AUTH ${check.user} \${PROBE_PASSWORD}\\r\\n"
    tcp-check expect string +OK
    tcp-check send "INFO replication${check.asksLease ? ' rplease' : ''}\\r\\nQUIT\\r\\n"
${expectations(role, check)}
    default-server check inter 500ms ${rhythm} downinter 100ms rise 1`;
}

/**
 * Sessions end with their server, so that clients that cannot tell (subscribers, those in the middle of a command) connect
 * anew. HAProxy 3.0 would keep those that are just connecting then for ever (nothing closes the client's side, no time-out
 * runs); with a filter on the stream it does not. Hence a bandwidth limit that limits nothing.
 */
function renderRedis(route: RedisRouteModel, at: ProxyAddresses): string {
  return `frontend ${route.name}
    mode tcp
    ${bind(route, at)}
    ${share(route.clients)}
    ${TCP_LOG}
    option dontlog-normal
    timeout client 1h
    timeout client-fin 3s
    filter bwlim-in unlimited default-limit 1g default-period 1s
    # A node is connected to, and has memory for, clients that speak.
    tcp-request inspect-delay ${route.firstWordMs}ms
    tcp-request content set-bandwidth-limit unlimited if { req.len gt 0 }
    tcp-request content reject unless { req.len gt 0 }
    default_backend ${route.name}

backend ${route.name}
    mode tcp
    ${STATE_CHANGES}
    balance ${route.balance}
    timeout server 1h
    # Another replica is tried where one takes no connection; what was sent is never sent again.
    retries ${route.retries}
    option redispatch 1
${renderChecks(route)} on-marked-down shutdown-sessions
${serverLines(route.to, at)}
`;
}
