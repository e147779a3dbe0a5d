import type { Construct } from 'constructs';
import { ApiService } from '../constructs/api/api-service.js';
import type { Deployment } from '../constructs/core/deployment.js';
import { PlatformBase } from '../constructs/platform-base.js';
import { LogStack } from '../constructs/logging/log-stack.js';
import type { HttpRouteProps } from '../constructs/proxy/model.js';
import { Proxy } from '../constructs/proxy/proxy.js';
import { RedisReplication } from '../constructs/redis/redis-replication.js';
import { ScheduledBackups } from '../constructs/redis/scheduled-backups.js';
import { Duration, Size } from '../constructs/core/units.js';
import type { Environment } from '../environments/schema.js';
import type { MachineFacts } from '../environments/site.js';

/** Elasticsearch may look at all lines for an answer, and so may whoever asks it: Kibana gives a query 30 s by default. */
const SEARCH_TIME = Duration.seconds(60);
/** Its users on the host only read, and a query is smaller than the usual 1 MiB. */
const STORE_ROUTE: HttpRouteProps = { responseTimeout: SEARCH_TIME };
/** Kibana takes saved objects of 25 MiB (`savedObjects.maxImportPayloadBytes`). */
const UI_ROUTE: HttpRouteProps = {
  healthPath: '/api/status',
  responseTimeout: SEARCH_TIME,
  maxRequestSize: Size.mebibytes(26),
};

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

    proxy.listen('http', { port: ports.http }).route('/', api.http, routing);
    proxy.listenTcp('redis-master', { port: ports.redisMaster }, redis.master);
    proxy.listenTcp('redis-replicas', { port: ports.redisReplicas }, redis.replicasInSync);
    proxy.listenTcp('sentinel', { port: ports.sentinels }, redis.eachSentinel);
    if (ports.nodes !== undefined) proxy.listenTcp('redis-node', { port: ports.nodes }, redis.eachNode);

    if (flavour !== 'off') {
      const logs = new LogStack(this, 'logs', { ...logOptions, flavour });
      if (ports.elasticsearch !== undefined) {
        proxy.listen('elasticsearch', { port: ports.elasticsearch }).route('/', logs.store, STORE_ROUTE);
      }
      if (logs.ui && ports.kibana !== undefined) {
        proxy.listen('kibana', { port: ports.kibana }).route('/', logs.ui, UI_ROUTE);
      }
      logs.collect(...this.services);
    }
  }
}
