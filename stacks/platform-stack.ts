import { Lazy, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { ApiService } from '../constructs/api/api-service.js';
import type { Deployment } from '../constructs/core/deployment.js';
import { PlatformBase } from '../constructs/core/platform-base.js';
import { Proxy } from '../constructs/proxy/proxy.js';
import { RedisReplication } from '../constructs/redis/redis-replication.js';
import type { Environment } from '../environments/schema.js';
import { describeClients } from './clients.js';

/** The platform: clients -> proxy -> API -> Redis. */
export class PlatformStack extends PlatformBase {
  constructor(scope: Construct, deployment: Deployment, environment: Environment) {
    super(scope, deployment);
    const { ports, limits, ...routing } = environment.proxy;

    const redis = new RedisReplication(this, 'redis', environment.redis);
    const api = new ApiService(this, 'api', { ...environment.api, redis });
    const proxy = new Proxy(this, 'proxy', { statsPort: ports.stats, ...(limits && { limits }) });

    proxy.routeHttp('http', api, { ...routing, port: ports.http });
    proxy.routeRedis(redis, {
      masterPort: ports.redisMaster,
      replicasPort: ports.redisReplicas,
      sentinelPort: ports.sentinels,
      nodePort: ports.nodes,
    });

    new TerraformOutput(this, 'clients', { value: Lazy.anyValue({ produce: () => describeClients(redis, proxy) }) });
  }
}
