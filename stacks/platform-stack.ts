import { Lazy, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { ApiService } from '../constructs/api/api-service.js';
import type { Deployment } from '../constructs/core/deployment.js';
import { PlatformBase } from '../constructs/platform-base.js';
import { LogStack } from '../constructs/logging/log-stack.js';
import type { LogFlavour } from '../constructs/logging/model.js';
import { Proxy } from '../constructs/proxy/proxy.js';
import { RedisReplication } from '../constructs/redis/redis-replication.js';
import { ScheduledBackups } from '../constructs/redis/scheduled-backups.js';
import type { Environment } from '../environments/schema.js';
import { describeClients } from './clients.js';

/** What of the machine decides what is in the stack. */
export interface MachineFacts {
  /** The log stack that can run here, for environments that leave it to the machine. */
  readonly logs: LogFlavour | 'off';
}

/** The platform: clients -> proxy -> API -> Redis, and the logs of all of them. */
export class PlatformStack extends PlatformBase {
  constructor(scope: Construct, deployment: Deployment, environment: Environment, machine: MachineFacts) {
    super(scope, deployment);
    const { ports, limits, ...routing } = environment.proxy;
    const { flavour: declared, ...logOptions } = environment.logs;
    const flavour = declared === 'auto' ? machine.logs : declared;

    const redis = new RedisReplication(this, 'redis', environment.redis);
    if (environment.backups) new ScheduledBackups(this, 'backups', { ...environment.backups, redis });
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
      logs = new LogStack(this, 'logs', { ...logOptions, flavour });
      if (ports.elasticsearch !== undefined)
        proxy.routeHttp('elasticsearch', logs.store, { port: ports.elasticsearch });
      if (logs.ui && ports.kibana !== undefined) {
        proxy.routeHttp('kibana', logs.ui, { port: ports.kibana, healthPath: '/api/status' });
      }
      logs.collect(...this.services);
    }

    new TerraformOutput(this, 'clients', {
      value: Lazy.anyValue({ produce: () => describeClients({ api, redis, proxy, logs }) }),
    });
  }
}
