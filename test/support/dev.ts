import type { EnvironmentInput } from '../../environments/schema.js';

/** What the tests start from: dev as it comes, whatever its user has made of environments/dev.ts since. */
export const dev: EnvironmentInput = {
  name: 'dev',
  network: { baseCidr: '10.213.0.0/20' },
  redis: { replicas: 2, sentinels: 3, maxMemory: '128MiB', evictionPolicy: 'noeviction' },
  api: { replicas: 2 },
  proxy: {
    ports: {
      http: 8080,
      redisMaster: 6379,
      redisReplicas: 6380,
      sentinels: 26379,
      stats: 8404,
      elasticsearch: 9200,
      kibana: 5601,
    },
  },
};
