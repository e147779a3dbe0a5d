import type { ApiService } from '../constructs/api/api-service.js';
import type { LogStack } from '../constructs/logging/log-stack.js';
import type { Endpoint } from '../constructs/core/endpoint.js';
import type { TcpRole } from '../constructs/proxy/model.js';
import type { Proxy } from '../constructs/proxy/proxy.js';
import { REDIS_PORT, SENTINEL_PORT } from '../constructs/redis/render-config.js';
import type { RedisReplication } from '../constructs/redis/redis-replication.js';

/** Where clients on the host connect. Users are named, passwords are not: `npm run outputs -- --show-secrets` adds them. */
export interface ClientOutputs {
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
  };
  readonly statistics: { readonly url: string; readonly username: string };
  /** Null without a log stack, or where its port is not published. */
  readonly logs: {
    readonly flavour: 'elastic' | 'debian';
    readonly elasticsearchUrl: string;
    /** Matches all indices. */
    readonly indexPattern: string;
    /** Null in the flavour without it. */
    readonly kibanaUrl: string | null;
    readonly username: string;
  } | null;
  /** The secret that holds each password. */
  readonly passwordSecrets: {
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

/** What clients on the host can reach. */
export interface Reachable {
  readonly api: ApiService;
  readonly redis: RedisReplication;
  readonly proxy: Proxy;
  readonly logs: LogStack | undefined;
}

export function describeClients({ api, redis, proxy, logs }: Reachable): ClientOutputs {
  const { publishAddress } = proxy.service.deployment;
  const host = publishAddress === '0.0.0.0' ? '127.0.0.1' : publishAddress;
  const at = (name: string): HostAndPort => ({ host, port: proxy.hostPort(name) });
  const url = (scheme: string, name: string) => `${scheme}://${host}:${proxy.hostPort(name)}`;
  const routes = proxy.model.tcp.filter(({ to }) =>
    [redis.endpoint, redis.sentinel].some(({ segment }) => segment.name === to.endpoint),
  );
  const byRole = (role: TcpRole) => routes.find((route) => route.role === role)?.name ?? '';
  const each = ({ service }: Endpoint) =>
    service.instances.flatMap(({ name }) => {
      const route = routes.find(({ role, to }) => role === 'any' && to.servers.includes(name));
      return route ? [at(route.name)] : [];
    });
  const pageOf = (endpoint: Endpoint | undefined) => {
    for (const { name, routes } of proxy.model.http) {
      const route = routes.find(({ to }) => to.endpoint === endpoint?.segment.name);
      if (route) return `${url('http', name)}${route.prefix === '/' ? '' : route.prefix}`;
    }
    return null;
  };
  const [sentinels, nodes] = [each(redis.sentinel), each(redis.endpoint)];
  const master = at(byRole('master'));
  const natMap = [
    ...redis.sentinel.addresses.map((address, index) => [`${address}:${SENTINEL_PORT}`, sentinels[index]]),
    ...redis.endpoint.addresses.map((address, index) => [`${address}:${REDIS_PORT}`, nodes[index] ?? master]),
  ];
  const store = pageOf(logs?.store);
  return {
    api: { url: pageOf(api.http) ?? '' },
    redis: {
      masterUrl: url('redis', byRole('master')),
      replicasUrl: url('redis', byRole('replica')),
      masterName: redis.masterName,
      sentinels,
      natMap: Object.fromEntries(natMap) as Record<string, HostAndPort>,
      nodes,
      username: redis.users.app.name,
      sentinelUsername: redis.sentinelUsers.app.name,
    },
    statistics: { url: `${url('http', 'stats')}/`, username: proxy.model.statistics.user },
    logs:
      logs && store !== null
        ? {
            flavour: logs.flavour,
            elasticsearchUrl: store,
            indexPattern: `${logs.index}-*`,
            kibanaUrl: pageOf(logs.ui),
            username: logs.users.reader.name,
          }
        : null,
    passwordSecrets: {
      redis: redis.users.app.secret.name,
      sentinel: redis.sentinelUsers.app.secret.name,
      statistics: proxy.statsSecret.name,
      logs: logs?.users.reader.secret.name ?? null,
    },
  };
}
