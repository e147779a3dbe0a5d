import type { LogStack } from '../constructs/logging/log-stack.js';
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
  readonly redis: RedisReplication;
  readonly proxy: Proxy;
  readonly logs: LogStack | undefined;
}

export function describeClients({ redis, proxy, logs }: Reachable): ClientOutputs {
  const { publishAddress } = proxy.service.deployment;
  const host = publishAddress === '0.0.0.0' ? '127.0.0.1' : publishAddress;
  const at = (name: string): HostAndPort => ({ host, port: proxy.hostPort(name) });
  const url = (scheme: string, name: string) => `${scheme}://${host}:${proxy.hostPort(name)}`;
  const sentinels = redis.sentinel.addresses.map((_, index) => at(`sentinel-${index}`));
  const nodes = proxy.publishes('redis-node-0')
    ? redis.endpoint.addresses.map((_, index) => at(`redis-node-${index}`))
    : [];
  const natMap = [
    ...redis.sentinel.addresses.map((address, index) => [`${address}:${SENTINEL_PORT}`, at(`sentinel-${index}`)]),
    ...redis.endpoint.addresses.map((address, index) => [
      `${address}:${REDIS_PORT}`,
      nodes[index] ?? at('redis-master'),
    ]),
  ];
  return {
    api: { url: url('http', 'http') },
    redis: {
      masterUrl: url('redis', 'redis-master'),
      replicasUrl: url('redis', 'redis-replicas'),
      masterName: redis.masterName,
      sentinels,
      natMap: Object.fromEntries(natMap) as Record<string, HostAndPort>,
      nodes,
      username: redis.users.app.name,
      sentinelUsername: redis.sentinelUsers.app.name,
    },
    statistics: { url: `${url('http', 'stats')}/`, username: 'admin' },
    logs:
      logs && proxy.publishes('elasticsearch')
        ? {
            flavour: logs.flavour,
            elasticsearchUrl: url('http', 'elasticsearch'),
            indexPattern: `${logs.index}-*`,
            kibanaUrl: proxy.publishes('kibana') ? url('http', 'kibana') : null,
            username: logs.users.reader.name,
          }
        : null,
    passwordSecrets: {
      redis: redis.clientSecrets.redis.name,
      sentinel: redis.clientSecrets.sentinel.name,
      statistics: proxy.statsSecret.name,
      logs: logs?.users.reader.secret.name ?? null,
    },
  };
}
