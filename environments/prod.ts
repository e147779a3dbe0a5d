import type { EnvironmentInput } from './schema.js';

/** What clients rely on: `npm run policies -- --env prod` says what more is asked of it. */
export const prod: EnvironmentInput = {
  name: 'prod',
  network: { baseCidr: '10.213.48.0/20' },
  redis: {
    replicas: 2,
    sentinels: 3,
    maxMemory: '512MiB',
    evictionPolicy: 'noeviction',
    appendOnly: { fsync: 'everysec', rewritePercentage: 100, rewriteMinSize: '64MiB' },
  },
  api: { replicas: 3, drain: '30s' },
  proxy: {
    ports: {
      http: 15080,
      redisMaster: 15379,
      redisReplicas: 15380,
      sentinels: 15410,
      stats: 15404,
      elasticsearch: 15920,
      kibana: 15561,
    },
    balance: 'leastconn',
  },
  logs: { heap: '1GiB', retention: { maxAge: '30d', maxSize: '20GiB' } },
};
