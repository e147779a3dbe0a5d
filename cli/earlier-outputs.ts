import { z } from 'zod';
import type { Output } from '../constructs/core/output.js';

const HostAndPort = z.object({ host: z.string(), port: z.number() });

/** What versions before the list of outputs recorded. */
const Earlier = z.object({
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
});

/**
 * The same as a list, so that a deployment of an earlier version is looked at, and changed one by one, as any other.
 * @param recorded what Terraform recorded
 * @returns undefined if it is neither
 */
export function listOfEarlier(recorded: unknown): Output[] | undefined {
  const { data } = Earlier.safeParse(recorded);
  if (!data) return undefined;
  const { api, redis, statistics, logs, passwordSecrets } = data;
  const insideOf = ({ host, port }: z.infer<typeof HostAndPort>) =>
    Object.entries(redis.natMap).flatMap(([inside, at]) => (at.host === host && at.port === port ? [inside] : []));
  const each = (role: 'sentinel' | 'node', what: string, user: string, secret: string) =>
    redis[`${role}s`].map((at, index) => ({
      ...{ id: `${role}-${index}`, what, url: `redis://${at.host}:${at.port}`, user, secret },
      settings: { role, masterName: redis.masterName, inside: insideOf(at) },
    }));
  const atSentinels = redis.sentinels.flatMap(insideOf);
  const nodes = Object.keys(redis.natMap).filter((inside) => !atSentinels.includes(inside));
  const app = { user: redis.username, secret: passwordSecrets.redis };
  const reader = logs && passwordSecrets.logs !== null ? { user: logs.username, secret: passwordSecrets.logs } : {};
  return [
    { id: 'http', what: 'HTTP API', url: api.url, settings: { role: 'api' } },
    {
      ...{ id: 'redis-master', what: 'Redis master', url: redis.masterUrl, ...app },
      settings: { role: 'master', masterName: redis.masterName, inside: nodes },
    },
    {
      ...{ id: 'redis-replicas', what: 'Redis replicas', url: redis.replicasUrl, ...app },
      settings: { role: 'replica' },
    },
    ...each('node', 'Redis node', redis.username, passwordSecrets.redis),
    ...each('sentinel', `Sentinel of "${redis.masterName}"`, redis.sentinelUsername, passwordSecrets.sentinel),
    {
      ...{ id: 'stats', what: 'Statistics page', url: statistics.url },
      ...{ user: statistics.username, secret: passwordSecrets.statistics },
      settings: { role: 'statistics' },
    },
    ...(logs
      ? [
          {
            ...{ id: 'elasticsearch', what: 'Elasticsearch', url: logs.elasticsearchUrl, ...reader },
            settings: { role: 'log store', flavour: logs.flavour, indexPattern: logs.indexPattern } as const,
          },
        ]
      : []),
    ...(logs?.kibanaUrl != null
      ? [{ id: 'kibana', what: 'Kibana', url: logs.kibanaUrl, ...reader, settings: { role: 'log ui' } as const }]
      : []),
  ];
}
