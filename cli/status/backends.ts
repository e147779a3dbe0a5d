import type { HttpRouteModel, TcpRole, TcpRouteModel } from '../../constructs/proxy/model.js';
import { NO_LEASE } from '../../constructs/redis/tcp-targets.js';
import { within } from './deadline.js';
import { waitsForLease } from './replication.js';
import type { BackendStatus, Finding } from './status.js';

const ANSWER_MS = 1000;

export interface BackendView {
  readonly statuses: readonly BackendStatus[];
  readonly findings: readonly Finding[];
}

export interface StatisticsPage {
  readonly url: string;
  readonly username: string;
  /** Tried in turn: while the password changes, the proxy may have another one. */
  readonly passwords: readonly string[];
}

/** One server line of the proxy's statistics (haproxy 3.0 management guide 9.1). */
export interface ServerLine {
  readonly backend: string;
  readonly server: string;
  readonly status: string;
  /** Result of the last check, e.g. `L4CON Connection refused`. */
  readonly check: string;
  /** Since the status last changed. */
  readonly seconds: number;
}

/** Where the proxy leads, of its model. */
export interface Routes {
  readonly http: readonly { readonly routes: readonly Pick<HttpRouteModel, 'name'>[] }[];
  readonly tcp: readonly Pick<TcpRouteModel, 'name' | 'role'>[];
}

/** @param proxy short name of its container */
export async function askProxy(page: StatisticsPage, routes: Routes, proxy?: string): Promise<BackendView> {
  try {
    const { response, text } = await readPage(page);
    if (response.status === 401) {
      const problem =
        'the statistics page does not accept its password. Its secret file changed: run `npm start` again.';
      return { statuses: [], findings: [{ problem }] };
    }
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return describeBackends(parseStatistics(text), routes, proxy);
  } catch (error) {
    // fetch says only that it failed; why is in the cause.
    const { cause, message } = error as { cause?: { message?: string }; message?: string };
    const reason = cause?.message ?? message ?? String(error);
    return {
      statuses: [],
      findings: [{ problem: `the proxy's statistics page ${page.url} does not answer (${reason}).` }],
    };
  }
}

async function readPage({ url, username, passwords }: StatisticsPage): Promise<{ response: Response; text: string }> {
  const [password = '', ...others] = passwords;
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  const abort = new AbortController();
  const ask = async () => {
    const response = await fetch(`${url};csv`, {
      headers: { authorization: `Basic ${credentials}` },
      signal: abort.signal,
    });
    return { response, text: await response.text() };
  };
  const answer = await within(ANSWER_MS, ask()).finally(() => {
    abort.abort();
  });
  const again = answer.response.status === 401 && others.length > 0;
  return again ? readPage({ url, username, passwords: others }) : answer;
}

/** Which servers must be up: one master, every other node as a replica, and all of the rest. */
export function describeBackends(lines: readonly ServerLine[], { http, tcp }: Routes, proxy?: string): BackendView {
  const routes = [
    ...http.flatMap((listener) => listener.routes).map(({ name }) => ({ name, role: 'any' as const })),
    ...tcp,
  ];
  const views = routes.toSorted(byName).map(({ name, role }) => {
    const servers = lines.filter(({ backend }) => backend === name);
    const up = servers.filter(isUp);
    const expectedUp = { master: 1, replica: servers.length - 1, any: servers.length }[role];
    const ok = servers.length > 0 && up.length === expectedUp;
    const status: BackendStatus = {
      name,
      expectedUp,
      servers: servers.map((server) => ({
        name: server.server,
        up: isUp(server),
        status: server.status,
        check: server.check,
      })),
      ok,
    };
    return { status, findings: ok ? [] : backendFindings(name, role, servers, expectedUp, proxy) };
  });
  return { statuses: views.map(({ status }) => status), findings: views.flatMap(({ findings }) => findings) };
}

/** Also `UP 1/2`, on its way down, and `no check`. */
function isUp({ status }: ServerLine): boolean {
  return status.startsWith('UP') || status === 'no check';
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function backendFindings(
  name: string,
  role: TcpRole,
  servers: readonly ServerLine[],
  expectedUp: number,
  proxy: string | undefined,
): Finding[] {
  if (servers.length === 0) {
    return [
      {
        about: proxy,
        problem: `the proxy has no backend ${name}. Run \`npm start\`, which brings its configuration up to date.`,
      },
    ];
  }
  const up = servers.filter(isUp);
  if (expectedUp !== servers.length) {
    const found = up.length === 0 ? 'no server' : up.map(({ server }) => server).join(', ');
    const fenced = servers.filter(({ check }) => check.endsWith(` ${NO_LEASE}`));
    return [
      ...(role === 'master' && up.length === 0 ? fenced.map(({ server }) => waitsForLease(server)) : []),
      { problem: `the proxy's ${name} leads to ${found}; ${expectedUp} of ${servers.length} servers should be up.` },
    ];
  }
  return servers
    .filter((server) => !isUp(server))
    .map(({ server, status, check, seconds }) => ({
      about: server,
      problem: `the proxy's ${name} has ${server} as ${status} for ${seconds} s (${check === '' ? 'no check yet' : check}).`,
    }));
}

/** @param text the statistics as CSV, with the names of the columns in its first line */
export function parseStatistics(text: string): ServerLine[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const columns = parseCsvLine(header.replace(/^# /, ''));
  return lines.flatMap((line) => {
    const cells = parseCsvLine(line);
    const cell = (column: string) => cells[columns.indexOf(column)] ?? '';
    const server = cell('svname');
    if (server === 'FRONTEND' || server === 'BACKEND') return [];
    const check = `${cell('check_status').replace(/^\* /, '')} ${cell('last_chk')}`.trim();
    return { backend: cell('pxname'), server, status: cell('status'), check, seconds: Number(cell('lastchg')) };
  });
}

/** A cell with a comma or a quote is quoted, quotes in it are doubled. */
function parseCsvLine(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
