import type { EnvironmentInput } from './schema.js';

/** For pipelines: small, quick to come up, and with every node reachable to look into what failed. */
export const ci: EnvironmentInput = {
  name: 'ci',
  network: { baseCidr: '10.213.32.0/20' },
  redis: { replicas: 1, sentinels: 3, maxMemory: '16MiB', evictionPolicy: 'noeviction' },
  api: { replicas: 1 },
  proxy: {
    ports: { http: 17080, redisMaster: 17379, redisReplicas: 17380, sentinels: 17410, stats: 17404, nodes: 17390 },
  },
  logs: { flavour: 'off' },
};
