import { relative, sep } from 'node:path';
import { z } from 'zod';
import { PlatformError } from '../constructs/core/platform-error.js';
import type { ClientOutputs } from '../stacks/clients.js';
import type { Context } from './context.js';
import { readTerraformState } from './terraform/state.js';
import { readSecret } from './deployment/secrets.js';
import { type Paint, PLAIN, renderTable } from './terminal/table.js';

/** Where clients on the host connect to what is deployed. Passwords are null unless they were asked for. */
export interface Outputs extends Pick<ClientOutputs, 'api'> {
  readonly logs: (NonNullable<ClientOutputs['logs']> & { readonly password: string | null }) | null;
  readonly redis: ClientOutputs['redis'] & {
    readonly password: string | null;
    readonly sentinelPassword: string | null;
  };
  readonly statistics: ClientOutputs['statistics'] & { readonly password: string | null };
  /** The file that holds each password, seen from the folder of the checkout. */
  readonly passwordFiles: ClientOutputs['passwordSecrets'];
}

const HostAndPort = z.object({ host: z.string(), port: z.number() });

const Clients = z.object({
  api: z.object({ url: z.string() }),
  redis: z.object({
    masterUrl: z.string(),
    replicasUrl: z.string(),
    masterName: z.string(),
    sentinels: z.array(HostAndPort),
    natMap: z.record(z.string(), HostAndPort),
    nodes: z.array(HostAndPort),
    username: z.string(),
    sentinelUsername: z.string(),
  }),
  statistics: z.object({ url: z.string(), username: z.string() }),
  logs: z
    .object({
      flavour: z.enum(['elastic', 'debian']),
      elasticsearchUrl: z.string(),
      indexPattern: z.string(),
      kibanaUrl: z.string().nullable(),
      username: z.string(),
    })
    .nullable(),
  passwordSecrets: z.object({
    redis: z.string(),
    sentinel: z.string(),
    statistics: z.string(),
    logs: z.string().nullable(),
  }),
}) satisfies z.ZodType<ClientOutputs>;

/**
 * Reads what Terraform recorded, so it is right after `npm start` and after a plain `cdktf deploy`.
 * @throws PlatformError if nothing is deployed, or the state or a secret cannot be read
 */
export function readOutputs(context: Context, { showSecrets }: { showSecrets: boolean }): Outputs {
  const recorded = readTerraformState(context.paths.state)?.outputs['clients'];
  if (recorded === undefined) {
    throw new PlatformError({
      what: `${context.name} is not deployed`,
      fix: 'Run `npm start` first (with the same --env and --instance).',
    });
  }
  const clients = Clients.safeParse(recorded);
  if (!clients.success) {
    throw new PlatformError(
      {
        what: `${context.name} was deployed by another version of this project`,
        fix: 'Run `npm start`: it brings the deployment up to date.',
      },
      { cause: clients.error },
    );
  }
  const { api, redis, statistics, logs, passwordSecrets } = clients.data;
  const password = (name: string) => (showSecrets ? readSecret(context.paths, name) : null);
  const file = (name: string) => relative(context.project, `${context.paths.secrets}/${name}`).split(sep).join('/');
  return {
    api,
    redis: {
      ...redis,
      password: password(passwordSecrets.redis),
      sentinelPassword: password(passwordSecrets.sentinel),
    },
    statistics: { ...statistics, password: password(passwordSecrets.statistics) },
    logs: logs && { ...logs, password: passwordSecrets.logs === null ? null : password(passwordSecrets.logs) },
    passwordFiles: {
      redis: file(passwordSecrets.redis),
      sentinel: file(passwordSecrets.sentinel),
      statistics: file(passwordSecrets.statistics),
      logs: passwordSecrets.logs === null ? null : file(passwordSecrets.logs),
    },
  };
}

/** What people need to connect, ready to copy. Ends with a line feed. */
export function renderOutputs(
  outputs: Outputs,
  { paint = PLAIN, platform = process.platform }: { paint?: Paint; platform?: NodeJS.Platform } = {},
): string {
  const { api, redis, statistics, logs, passwordFiles } = outputs;
  const shown = redis.password !== null;
  const where = (addresses: readonly { host: string; port: number }[]) =>
    addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  const rows = [
    ['HTTP API', api.url, '-', '-'],
    ['Redis master', redis.masterUrl, redis.username, redis.password ?? passwordFiles.redis],
    ['Redis replicas', redis.replicasUrl, redis.username, redis.password ?? passwordFiles.redis],
    ...(redis.nodes.length > 0
      ? [['Redis nodes', where(redis.nodes), redis.username, redis.password ?? passwordFiles.redis]]
      : []),
    [
      `Sentinels of "${redis.masterName}"`,
      where(redis.sentinels),
      redis.sentinelUsername,
      redis.sentinelPassword ?? passwordFiles.sentinel,
    ],
    ['Statistics page', statistics.url, statistics.username, statistics.password ?? passwordFiles.statistics],
    ...logRows(logs, passwordFiles.logs),
  ];
  const table = renderTable(['What', 'Where', 'User', shown ? 'Password' : 'Password is in'], rows, paint);
  const lines = [...table, '', `redis-cli  ${redisCliLine(outputs, platform)}`, `ioredis    ${ioredisLine(outputs)}`];
  return `${lines.join('\n')}\n`;
}

function logRows(logs: Outputs['logs'], passwordFile: string | null): string[][] {
  if (logs === null) return [];
  const who = [logs.username, logs.password ?? passwordFile ?? '-'];
  return [
    ['Logs: `npm run logs`', logs.elasticsearchUrl, ...who],
    ...(logs.kibanaUrl === null ? [] : [['Kibana', logs.kibanaUrl, ...who]]),
  ];
}

/** The password travels in the environment: as an argument, every user of the machine could see it. */
function redisCliLine({ redis, passwordFiles }: Outputs, platform: NodeJS.Platform): string {
  const { hostname, port } = new URL(redis.masterUrl);
  const command = `redis-cli -h ${hostname} -p ${port} --user ${redis.username}`;
  if (platform === 'win32') {
    const value = redis.password === null ? `Get-Content ${passwordFiles.redis}` : `'${redis.password}'`;
    return `$env:REDISCLI_AUTH = ${value}; ${command}`;
  }
  const value = redis.password === null ? `"$(cat ${passwordFiles.redis})"` : `'${redis.password}'`;
  return `REDISCLI_AUTH=${value} ${command}`;
}

function ioredisLine({ redis, passwordFiles }: Outputs): string {
  const { hostname, port } = new URL(redis.masterUrl);
  const password =
    redis.password === null ? `readFileSync('${passwordFiles.redis}', 'utf8').trim()` : `'${redis.password}'`;
  return `new Redis({ host: '${hostname}', port: ${port}, username: '${redis.username}', password: ${password} })`;
}
