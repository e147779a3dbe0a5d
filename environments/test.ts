import type { EnvironmentInput } from './schema.js';

/** What `npm test` deploys and removes: like dev, beside it, with every node reachable and little memory to fill. */
export const test: EnvironmentInput = {
  name: 'test',
  network: { baseCidr: '10.213.16.0/20' },
  redis: { replicas: 2, sentinels: 3, maxMemory: '32MiB', evictionPolicy: 'allkeys-lru' },
  api: { replicas: 2 },
  // Little to fill here, too.
  logs: { retention: { maxSize: '256MiB' } },
  proxy: {
    ports: {
      http: 18080,
      redisMaster: 16379,
      redisReplicas: 16380,
      sentinels: 36379,
      stats: 18404,
      nodes: 16390,
      elasticsearch: 19200,
      kibana: 15601,
    },
  },
};
