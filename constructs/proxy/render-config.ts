import { lines } from '../core/lines.js';
import { Secret } from '../core/secret.js';
import { Duration } from '../core/units.js';
import {
  type HttpCheck,
  type HttpListenerModel,
  type HttpRouteModel,
  type Listen,
  type ProxyModel,
  SHARES,
  type Target,
  type TcpAnswer,
  type TcpCheck,
  type TcpRouteModel,
} from './model.js';

/** Where the containers are. */
export interface ProxyAddresses {
  /** The proxy's own address: it listens there and on loopback only. */
  readonly own: string;
  readonly server: (endpoint: string, instance: string) => string;
}

/** A connection that is closed at once is counted for a moment. */
const ABOVE_SHARE = 10;
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
    ...model.http.map((listener) => renderHttp(listener, at)),
    ...model.tcp.map((route) => renderTcp(route, (secret) => passwordVariable(model, secret), at)),
  ].join('\n');
}

/** secrets.cfg. `setenv` keeps passwords out of the command line and of `docker inspect`. */
export function renderProxySecrets(model: ProxyModel): string {
  const line = (name: string, secret: string) => `    setenv ${name} "${new Secret(secret).plain}"`;
  return lines(
    'global',
    line('STATS_PASSWORD', model.statistics.secret),
    ...checkSecrets(model).map((secret) => line(passwordVariable(model, secret), secret)),
  );
}

/** Of all checks, each once. */
function checkSecrets({ tcp }: ProxyModel): string[] {
  return [...new Set(tcp.flatMap(({ check }) => check?.secret ?? []))].sort();
}

/** The environment variable that holds the password of a check. */
function passwordVariable(model: ProxyModel, secret: string): string {
  const index = checkSecrets(model).indexOf(secret);
  return index === 0 ? 'PROBE_PASSWORD' : `PROBE_PASSWORD_${index + 1}`;
}

function renderGlobals({ statistics, http, tcp }: ProxyModel): string {
  const shares = [SHARES.liveness, ...[statistics, ...http, ...tcp].map(({ clients }) => clients)];
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

/** What the proxy answers by itself where no route is chosen. What is no request at all never gets here: see images/haproxy/json-errors. */
const GENERAL_ERRORS = [
  `400 ${problem('bad_request', 'The request cannot be read.')}`,
  `408 ${problem('request_timeout', 'The request came too slowly.')}`,
  `500 ${problem('internal_error', 'The proxy failed.')}`,
];

/** And of a route. A frontend and its backends each have their own. */
function routeErrors({ to: { service }, responseTimeoutMs }: HttpRouteModel): string[] {
  const repeat = 'a write may have happened. Repeat it with the same Idempotency-Key.';
  const late = `A container of ${service} did not answer within ${responseTimeoutMs} ms`;
  return [
    ...GENERAL_ERRORS,
    `502 ${problem('bad_gateway', `A container of ${service} broke off or answered no HTTP: ${repeat}`)}`,
    // Clients are told when to come back, as the API itself does.
    `503 ${problem('unavailable', `No container of ${service} is up and free: none got this request. Try again.`)} hdr Retry-After 1`,
    `504 ${problem('gateway_timeout', `${late}: ${repeat}`)}`,
  ];
}

function httpErrors(errors: readonly string[]): string {
  return errors.map((error) => `    http-error status ${error}`).join('\n');
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

function renderHttp(listener: HttpListenerModel, at: ProxyAddresses): string {
  const { routes } = listener;
  const everything = routes.find(({ prefix }) => prefix === '/');
  // What holds for the only route is said before it is chosen.
  const only = routes.length === 1 ? everything : undefined;
  const others = routes.filter(({ prefix }) => prefix !== '/');
  const frontend = `frontend ${listener.name}
    mode http
    ${bind(listener, at)}
    ${share(listener.clients)}
    ${HTTP_LOG}
    timeout client 30s
    timeout http-request ${seconds(listener.requestTimeoutMs)}
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
${only ? sizeLimit(only) : ''}${everything ? '' : nowhere(others)}${httpErrors(only ? routeErrors(only) : GENERAL_ERRORS)}
    http-response del-header Server
${others.map(({ name, prefix }) => `    use_backend ${name} if { path_beg ${prefix} }\n`).join('')}${everything ? `    default_backend ${everything.name}\n` : ''}`;
  return [frontend, ...routes.map((route) => renderRoute(route, route !== only, at))].join('\n');
}

function sizeLimit({ maxRequestBytes: limit }: HttpRouteModel): string {
  return `    # What is sent nevertheless is read, so that the client gets to the answer.
    http-request deny deny_status 413 ${problem('body_too_large', `The request body is larger than ${limit} bytes: send less.`)} if { req.hdr_val(content-length) gt ${limit} }
`;
}

function nowhere(routes: readonly HttpRouteModel[]): string {
  const prefixes = routes.map(({ prefix }) => prefix).join(' ');
  return `    http-request return status 404 ${problem('not_found', 'Nothing is served at this path.')} unless { path_beg ${prefixes} }
`;
}

/** @param limited whether the request's size is still to be looked at */
function renderRoute(route: HttpRouteModel, limited: boolean, at: ProxyAddresses): string {
  const { check, prefix } = route;
  const rhythm =
    check && `check inter ${check.everyMs}ms fastinter 500ms downinter 500ms fall ${check.fall} rise ${check.rise}`;
  // The log has the path as the client wrote it.
  const strip = `    http-request replace-path ^${prefix.replaceAll('.', '[.]')}(.*) /\\1\n`;
  return `backend ${route.name}
    mode http
    ${STATE_CHANGES}
    balance ${route.balance}
${limited ? sizeLimit(route) : ''}${route.stripPrefix ? strip : ''}${check ? httpCheck(check) : ''}    timeout server ${route.responseTimeoutMs}ms
    timeout queue ${route.queueTimeoutMs}ms
    # Only what surely never reached a server is sent to another one.
    retries 3
    retry-on conn-failure
    option redispatch 1
${httpErrors(routeErrors(route))}
${rhythm === null ? '' : `    default-server ${rhythm}\n`}${serverLines(route.to, at, ` maxconn ${route.maxConnections}`)}
`;
}

function answer(expected: TcpAnswer): string {
  return 'text' in expected
    ? `    tcp-check expect string ${expected.text}`
    : `    tcp-check expect rstring ${expected.pattern} on-error "${expected.otherwise}"`;
}

function renderDialogue({ dialogue, secret }: TcpCheck, variable: (secret: string) => string): string {
  return dialogue
    .flatMap(({ say, expect }) => {
      const text = say.map((line) => `${line.replaceAll('{password}', `\${${variable(secret)}}`)}\\r\\n`).join('');
      return [`    tcp-check send "${text}"`, ...expect.map(answer)];
    })
    .join('\n');
}

/**
 * An answer that does not fit, or a refused connection, takes the master out at once; silence only after down-after, when the
 * Sentinels act too: a master that a long command keeps busy stays. A replica out of sync for a moment, as in each failover,
 * stays as well. `inter` is also the longest time for connecting.
 */
function renderChecks({ role, check }: TcpRouteModel, variable: (secret: string) => string): string {
  if (check === null) return '    default-server check inter 1s fall 2 rise 1';
  const rhythm = role === 'replica' ? 'fastinter 400ms fall 3' : 'fastinter 100ms fall 1';
  return `    timeout check ${check.silenceMs}ms
    option tcp-check
    tcp-check connect
${renderDialogue(check, variable)}
    default-server check inter 500ms ${rhythm} downinter 100ms rise 1`;
}

/**
 * Sessions end with their server, so that clients that cannot tell (subscribers, those in the middle of a command) connect
 * anew. HAProxy 3.0 would keep those that are just connecting then for ever (nothing closes the client's side, no time-out
 * runs); with a filter on the stream it does not. Hence a bandwidth limit that limits nothing.
 */
function renderTcp(route: TcpRouteModel, variable: (secret: string) => string, at: ProxyAddresses): string {
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
${renderChecks(route, variable)} on-marked-down shutdown-sessions
${serverLines(route.to, at)}
`;
}
