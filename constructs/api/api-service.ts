import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { HttpService, type HttpServiceProps } from '../http/http-service.js';
import type { RedisReplication } from '../redis/redis-replication.js';
import { type ApiModel, type ApiSettings, renderSettings, resolveApi } from './model.js';

export interface ApiServiceProps extends ApiSettings, Omit<HttpServiceProps, 'image'> {
  /** Where the items are kept. */
  readonly redis: RedisReplication;
  /** One that keeps the promise of `durability`. @default the catalogue's `api`, with its own health check */
  readonly image?: ContainerImage;
}

/**
 * The built-in API, or an own image in its place: an HTTP service that may write to Redis, and is told how many replicas must have confirmed
 * a write (`WAIT`) before it is answered, as REDIS_WAIT_REPLICAS.
 */
export class ApiService extends HttpService {
  readonly writes: ApiModel;

  /** @throws PlatformError with all that cannot be: a setting that the platform sets itself, a write that nobody could confirm */
  constructor(scope: Construct, id: string, { redis, ...props }: ApiServiceProps) {
    const writes = sound(resolveApi(id, props, redis.model));
    super(scope, id, {
      ...(props.image === undefined && { healthCheck: HealthCheck.command(['api', 'healthcheck']) }),
      offer: { what: 'HTTP API', settings: { role: 'api' } },
      ...props,
      image: props.image ?? ContainerImage.fromCatalog('api'),
      environment: { ...props.environment, ...renderSettings(writes) },
    });
    this.writes = new Writes(this, 'writes', writes).model;
    redis.grant(this.service, 'readWrite');
  }
}

/** What is promised of them. */
class Writes extends Modelled {
  constructor(
    scope: Construct,
    id: string,
    readonly model: ApiModel,
  ) {
    super(scope, id);
  }
}
