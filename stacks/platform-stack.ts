import { Lazy, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { ApiService } from '../constructs/api/api-service.js';
import type { Deployment } from '../constructs/core/deployment.js';
import { PlatformBase } from '../constructs/core/platform-base.js';
import { type LogFlavour, LogStack } from '../constructs/logging/log-stack.js';
import { Proxy } from '../constructs/proxy/proxy.js';
import { RedisReplication } from '../constructs/redis/redis-replication.js';
import type { Environment } from '../environments/schema.js';
import { describeClients } from './clients.js';

/** What of the machine decides what is in the stack. */
export interface MachineFacts {
  /** The log stack that can run here, for environments that leave it to the machine. */
  readonly logs: LogFlavour;
}

/** The platform: clients -> proxy -> API -> Redis, and the logs of all of them. */
export class PlatformStack extends PlatformBase {
  constructor(scope: Construct, deployment: Deployment, environment: Environment, machine: MachineFacts) {
    super(scope, deployment);
    const { ports, limits, ...routing } = environment.proxy;
    const { flavour, ...logOptions } = environment.logs;

    const redis = new RedisReplication(this, 'redis', environment.redis);
    const api = new ApiService(this, 'api', { ...environment.api, redis });
    const proxy = new Proxy(this, 'proxy', { statsPort: ports.stats, ...(limits && { limits }) });

    proxy.routeHttp('http', api.http, { ...routing, port: ports.http });
    proxy.routeRedis(redis, {
      masterPort: ports.redisMaster,
      replicasPort: ports.redisReplicas,
      sentinelPort: ports.sentinels,
      nodePort: ports.nodes,
    });

    let logs: LogStack | undefined;
    if (flavour !== 'off') {
      logs = new LogStack(this, 'logs', { ...logOptions, flavour: flavour === 'auto' ? machine.logs : flavour });
      if (ports.elasticsearch !== undefined)
        proxy.routeHttp('elasticsearch', logs.store, { port: ports.elasticsearch });
      if (logs.ui && ports.kibana !== undefined) {
        proxy.routeHttp('kibana', logs.ui, { port: ports.kibana, healthPath: '/api/status' });
      }
      logs.collect(...this.services);
    }

    new TerraformOutput(this, 'clients', {
      value: Lazy.anyValue({ produce: () => describeClients({ redis, proxy, logs }) }),
    });
  }
}
