import type { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import type { Grant } from '../core/grant.js';
import { type GrantOptions, Grants, namedSettings } from '../core/grants.js';
import { HealthCheck } from '../core/health-check.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../core/connections.js';
import type { Endpoint, EndpointProps } from '../core/endpoint.js';
import type { RedisReplication } from '../redis/redis-replication.js';
import { type ApiModel, type ApiSettings, renderEnvironment, resolveApi } from './model.js';

export interface ApiServiceProps extends ApiSettings {
  /** Where the items are kept. */
  readonly redis: RedisReplication;
  /** Any image that serves HTTP on `LISTEN_ADDRESS`. @default the catalogue's `api` */
  readonly image?: ContainerImage;
  /** Says that the image listens on every address, whatever LISTEN_ADDRESS says: see {@link EndpointProps.listen}. @default 'own' */
  readonly listen?: EndpointProps['listen'];
  /** @default `api healthcheck`, the catalogue image's own; none for other images: the proxy checks /health anyway */
  readonly healthCheck?: HealthCheck;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
}

/**
 * Containers of an HTTP service that keeps its data in Redis.
 *
 * An own image gets the same settings as the built-in one: LISTEN_ADDRESS, what {@link RedisReplication.grant} gives, DRAIN_SECONDS, and
 * REDIS_WAIT_REPLICAS, the replicas that must have confirmed a write (`WAIT`) before it is answered.
 */
export class ApiService extends Modelled implements IConnectable {
  readonly http: Endpoint;
  readonly connections: Connections;
  readonly service: Service;
  readonly model: ApiModel;
  private readonly clients: Grants<'call', 'HTTP_URLS'>;

  /** @throws PlatformError with all that cannot be: a setting that the platform sets itself, a write that nobody could confirm */
  constructor(scope: Construct, id: string, props: ApiServiceProps) {
    super(scope, id);
    const { redis } = props;
    const model = sound(resolveApi(id, props, redis.model));
    this.model = model;
    const drain = Duration.milliseconds(model.drainMs);
    this.service = new Service(this, 'service', {
      name: model.service,
      image: props.image ?? ContainerImage.fromCatalog('api'),
      replicas: model.replicas,
      environment: ({ index }) => ({
        ...props.environment,
        ...renderEnvironment(model, this.http.address(index)),
      }),
      healthCheck:
        props.healthCheck ??
        (props.image
          ? HealthCheck.none('the image is not ours; the proxy checks /health')
          : HealthCheck.command(['api', 'healthcheck'])),
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(drain.toSeconds() + 2),
    });
    this.http = this.service.addEndpoint('http', { port: model.port, listen: props.listen ?? 'own' });
    this.connections = this.service.connections;
    this.clients = new Grants(this.service, {
      kind: model.kind,
      name: model.name,
      accesses: ['call'],
      settings: ['HTTP_URLS'],
    });
    redis.grant(this.service, 'readWrite');
  }

  override get grants(): readonly Grant[] {
    return this.clients.described;
  }
  /**
   * Lets a service of the same stack call it: the rule, and where its containers are as the environment variable `HTTP_URLS`, separated by commas.
   * Nobody has to log in. Saying it twice is harmless.
   * @throws PlatformError with all that cannot be
   */
  grant(client: Service, options: GrantOptions<'HTTP_URLS'> = {}): void {
    const grant = this.clients.add(client, 'call', options);
    if (!grant) return;
    client.connections.allowTo(this.http);
    client.addEnvironment(() =>
      namedSettings(grant, {
        HTTP_URLS: this.http.addresses.map((address) => `http://${address}:${this.http.port}`).join(','),
      }),
    );
  }
}
