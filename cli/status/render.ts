import type { ContainerStatus, LeaseStatus, Status } from './status.js';
import { type Paint, renderTable } from '../terminal/table.js';

/** The status for people. Ends with a line feed. */
export function renderStatus(status: Status, paint: Paint, now = new Date()): string {
  const sections = [
    containers(status, paint, now),
    redis(status, paint),
    sentinels(status, paint),
    backends(status, paint),
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${[...shown, renderVerdict(status, paint)].join('\n\n')}\n`;
}

/** Whether all is well, and if not, what is wrong. */
export function renderVerdict({ ok, deployment, problems }: Status, paint: Paint): string {
  if (ok) return paint('green', `${deployment} is well.`);
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return [paint('red', `${deployment} has ${count}:`), ...problems.map((problem) => `- ${problem}`)].join('\n');
}

function containers({ containers }: Status, paint: Paint, now: Date): string[] {
  // Seeders that are as they should be are nobody's concern.
  const shown = containers.filter(({ role, ok }) => role === 'service' || !ok);
  if (shown.length === 0) return [];
  const rows = shown.map((container) => [
    container.name,
    mark(container.ok, stateOf(container), paint, container.health === 'starting'),
    container.startedAt === null ? '-' : ago(now.getTime() - Date.parse(container.startedAt)),
    container.restarts === 0 ? '-' : String(container.restarts),
  ]);
  return renderTable(['Container', 'State', 'Running for', 'Restarts'], rows, paint);
}

function stateOf({ state, health }: ContainerStatus): string {
  return health === null || health === 'none' ? state : health;
}

function redis({ redis }: Status, paint: Paint): string[] {
  if (redis === null) return [];
  const { lease } = redis;
  const rows = [
    [redis.master, paint('bold', 'master'), '-', String(redis.offset), '-', '-', ...(lease ? [leaseText(lease)] : [])],
    ...redis.replicas.map(({ name, link, offset, bytesBehind, lagSeconds }) => [
      name,
      'replica',
      mark(link === 'online', link, paint, link !== 'missing'),
      String(offset),
      String(bytesBehind),
      `${lagSeconds} s`,
      ...(lease ? ['-'] : []),
    ]),
  ];
  const columns = ['Redis', 'Role', 'Link', 'Offset', 'Bytes behind', 'Lag', ...(lease ? ['Lease'] : [])];
  return renderTable(columns, rows, paint);
}

function leaseText({ remainingMs, fences }: LeaseStatus): string {
  return `${remainingMs} ms left, fenced ${fences} ${fences === 1 ? 'time' : 'times'}`;
}

function sentinels({ sentinels }: Status, paint: Paint): string[] {
  if (sentinels.length === 0) return [];
  const rows = sentinels.map((sentinel) =>
    sentinel.master === null
      ? [sentinel.name, paint('red', 'no answer'), '-', '-', '-', '-', '-']
      : [
          sentinel.name,
          mark(sentinel.ok, sentinel.ok ? 'ok' : 'problem', paint),
          sentinel.master,
          sentinel.flags.join(','),
          String(sentinel.replicas),
          String(sentinel.otherSentinels),
          String(sentinel.configEpoch),
        ],
  );
  return renderTable(['Sentinel', 'State', 'Says master', 'Which is', 'Replicas', 'Others', 'Epoch'], rows, paint);
}

function backends({ backends }: Status, paint: Paint): string[] {
  if (backends.length === 0) return [];
  const rows = backends.map(({ name, ok, servers, expectedUp }) => {
    const up = servers.filter((server) => server.up).map((server) => server.name);
    const down = servers.filter((server) => !server.up).map((server) => server.name);
    return [name, mark(ok, `${up.length} of ${expectedUp}`, paint), up.join(', ') || '-', down.join(', ') || '-'];
  });
  return renderTable(['Proxy', 'Up', 'Leads to', 'Not to'], rows, paint);
}

function mark(ok: boolean, text: string, paint: Paint, passing = false): string {
  return paint(ok ? 'green' : passing ? 'yellow' : 'red', text);
}

function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (days > 1) return `${days} days`;
  if (hours > 1) return `${hours} h`;
  return minutes > 1 ? `${minutes} min` : `${seconds} s`;
}
