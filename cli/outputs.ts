import { relative, sep } from 'node:path';
import { z } from 'zod';
import { type OfferRole, OFFER_ROLES, type Output } from '../constructs/core/output.js';
import { PlatformError } from '../constructs/core/platform-error.js';
import type { Context } from './context.js';
import { listOfEarlier } from './earlier-outputs.js';
import { readTerraformState } from './terraform/state.js';
import { readSecret } from './deployment/secrets.js';
import { type Paint, PLAIN, renderTable } from './terminal/table.js';

/** What is reached from the host, with its password; null unless it was asked for. */
export interface ListedOutput extends Output {
  readonly password: string | null;
  /** The file that holds it, seen from the folder of the checkout; null where nobody has to log in. */
  readonly passwordFile: string | null;
}

/** Where clients on the host connect to what is deployed. Passwords are null unless they were asked for. */
export interface Outputs {
  /** All that there is; what follows is made of it. */
  readonly list: readonly ListedOutput[];
  readonly api: { readonly url: string };
  readonly redis: {
    readonly masterUrl: string;
    readonly replicasUrl: string;
    readonly masterName: string;
    readonly sentinels: readonly HostAndPort[];
    /** Inside address to host address, as ioredis takes it. A node without a port of its own is reached by the master's. */
    readonly natMap: Readonly<Record<string, HostAndPort>>;
    /** One port each, where published; else empty. */
    readonly nodes: readonly HostAndPort[];
    readonly username: string;
    readonly sentinelUsername: string;
    readonly password: string | null;
    readonly sentinelPassword: string | null;
  };
  readonly statistics: { readonly url: string; readonly username: string; readonly password: string | null };
  /** Null without a log stack, or where its port is not published. */
  readonly logs: {
    readonly flavour: 'elastic' | 'debian';
    readonly elasticsearchUrl: string;
    /** Matches all indices. */
    readonly indexPattern: string;
    /** Null in the flavour without it. */
    readonly kibanaUrl: string | null;
    readonly username: string;
    readonly password: string | null;
  } | null;
  /** The file that holds each password, seen from the folder of the checkout. */
  readonly passwordFiles: {
    readonly redis: string;
    readonly sentinel: string;
    readonly statistics: string;
    readonly logs: string | null;
  };
}

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The list as constructs make it and Terraform records it. */
const Recorded = z.array(
  z.object({
    id: z.string(),
    what: z.string(),
    url: z.url(),
    user: z.string().optional(),
    secret: z.string().optional(),
    settings: z
      .object({
        role: z.enum(OFFER_ROLES).optional(),
        masterName: z.string().optional(),
        inside: z.array(z.string()).optional(),
        flavour: z.enum(['elastic', 'debian']).optional(),
        indexPattern: z.string().optional(),
      })
      .optional(),
  }),
);

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
  const parsed = Recorded.safeParse(recorded);
  const password = (name: string) => (showSecrets ? readSecret(context.paths, name) : null);
  const file = (name: string) =>
    relative(context.project.folder, `${context.paths.secrets}/${name}`).split(sep).join('/');
  const list = (parsed.data ?? listOfEarlier(recorded) ?? []).map(({ secret, ...output }) => ({
    ...output,
    ...(secret !== undefined && { secret }),
    password: secret === undefined ? null : password(secret),
    passwordFile: secret === undefined ? null : file(secret),
  })) as ListedOutput[];
  const outputs = describeOutputs(list);
  if (outputs) return outputs;
  throw new PlatformError(
    {
      what: `${context.name} was deployed by another version of this project`,
      fix: 'Run `npm start`: it brings the deployment up to date.',
    },
    { cause: parsed.error },
  );
}

/** @returns undefined where the platform's own ones are not among them */
export function describeOutputs(list: readonly ListedOutput[]): Outputs | undefined {
  const all = (role: OfferRole) => list.filter(({ settings }) => settings?.role === role);
  const first = (role: OfferRole) => all(role)[0];
  const [api, master, replicas, statistics] = [first('api'), first('master'), first('replica'), first('statistics')];
  const [store, ui] = [first('log store'), first('log ui')];
  const [sentinels, nodes] = [all('sentinel'), all('node')];
  const [sentinel] = sentinels;
  if (!api || !master || !replicas || !sentinel || !statistics) return undefined;
  const natMap = [
    ...sentinels.flatMap((one) => insideOf(one).map((inside) => [inside, addressOf(one)])),
    ...insideOf(master).map((inside) => [
      inside,
      addressOf(nodes.find((node) => insideOf(node).includes(inside)) ?? master),
    ]),
  ];
  return {
    list,
    api: { url: api.url },
    redis: {
      masterUrl: master.url,
      replicasUrl: replicas.url,
      masterName: master.settings?.masterName ?? '',
      sentinels: sentinels.map(addressOf),
      natMap: Object.fromEntries(natMap) as Record<string, HostAndPort>,
      nodes: nodes.map(addressOf),
      username: master.user ?? '',
      sentinelUsername: sentinel.user ?? '',
      password: master.password,
      sentinelPassword: sentinel.password,
    },
    statistics: { url: statistics.url, username: statistics.user ?? '', password: statistics.password },
    logs: store
      ? {
          flavour: store.settings?.flavour ?? 'elastic',
          elasticsearchUrl: store.url,
          indexPattern: store.settings?.indexPattern ?? '',
          kibanaUrl: ui?.url ?? null,
          username: store.user ?? '',
          password: store.password,
        }
      : null,
    passwordFiles: {
      redis: master.passwordFile ?? '',
      sentinel: sentinel.passwordFile ?? '',
      statistics: statistics.passwordFile ?? '',
      logs: store?.passwordFile ?? null,
    },
  };
}

function insideOf({ settings }: Output): readonly string[] {
  return settings?.inside ?? [];
}

function addressOf({ url }: Output): HostAndPort {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** What people need to connect, ready to copy. Ends with a line feed. */
export function renderOutputs(
  outputs: Outputs,
  { paint = PLAIN, platform = process.platform }: { paint?: Paint; platform?: NodeJS.Platform } = {},
): string {
  const shown = outputs.redis.password !== null;
  const groups = new Map<string, ListedOutput[]>();
  for (const output of outputs.list.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const key = JSON.stringify([output.what, output.user, output.secret]);
    groups.set(key, [...(groups.get(key) ?? []), output]);
  }
  const rows = [...groups.values()].map((each) => rowOf(each));
  const table = renderTable(['What', 'Where', 'User', shown ? 'Password' : 'Password is in'], rows, paint);
  const lines = [...table, '', `redis-cli  ${redisCliLine(outputs, platform)}`, `ioredis    ${ioredisLine(outputs)}`];
  return `${lines.join('\n')}\n`;
}

/** The API first, then what is of no role: own services. */
function rankOf({ settings }: Output): number {
  return settings?.role === undefined ? 0.5 : OFFER_ROLES.indexOf(settings.role);
}

/** Of one output, or of several that differ by their addresses alone. */
function rowOf(each: readonly ListedOutput[]): string[] {
  const [first] = each;
  if (!first) return [];
  const hosts = each.map(addressOf).map(({ host, port }) => `${host}:${port}`);
  const where = each.length === 1 ? first.url : hosts.join(', ');
  return [first.what, where, first.user ?? '-', first.password ?? first.passwordFile ?? '-'];
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
