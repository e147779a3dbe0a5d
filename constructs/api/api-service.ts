import { Construct } from 'constructs';
import { ContainerImage } from '../core/container-image.js';
import { HealthCheck } from '../core/health-check.js';
import { PlatformError } from '../core/platform-error.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../network/connections.js';
import type { Endpoint, EndpointProps } from '../network/endpoint.js';
import { SENTINEL_PORT } from '../redis/render-config.js';
import type { RedisReplication } from '../redis/redis-replication.js';

export interface ApiServiceProps {
  /** Where the items are kept. */
  readonly redis: RedisReplication;
  /** Any image that serves HTTP on `LISTEN_ADDRESS`. @default the catalogue's `api` */
  readonly image?: ContainerImage;
  /** @default 2 */
  readonly replicas?: number;
  /** The port that the image listens on. @default 8080 */
  readonly port?: number;
  /** Says that the image listens on every address, whatever LISTEN_ADDRESS says: see {@link EndpointProps.listen}. @default 'own' */
  readonly listen?: EndpointProps['listen'];
  /** @default `api healthcheck`, the catalogue image's own; none for other images: the proxy checks /health anyway */
  readonly healthCheck?: HealthCheck;
  /** More settings for the image, never secrets and none that the platform sets itself. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
  /** How long requests may go on after SIGTERM. @default 10 s */
  readonly drain?: Duration;
}

/** What the platform itself tells every image. */
const PLATFORM_SETTINGS = [
  'LISTEN_ADDRESS',
  'REDIS_SENTINELS',
  'REDIS_MASTER_NAME',
  'REDIS_USERNAME',
  'REDIS_PASSWORD_FILE',
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD_FILE',
  'DRAIN_SECONDS',
] as const;

/**
 * Containers of an HTTP service that keeps its data in Redis.
 *
 * An own image gets the same settings as the built-in one: LISTEN_ADDRESS, REDIS_SENTINELS, REDIS_MASTER_NAME,
 * REDIS_USERNAME, REDIS_PASSWORD_FILE, REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD_FILE, DRAIN_SECONDS.
 */
export class ApiService extends Construct implements IConnectable {
  readonly http: Endpoint;
  readonly connections: Connections;
  readonly service: Service;

  /** @throws PlatformError if a setting is one that the platform sets itself */
  constructor(scope: Construct, id: string, props: ApiServiceProps) {
    super(scope, id);
    const taken = PLATFORM_SETTINGS.filter((name) => Object.hasOwn(props.environment ?? {}, name));
    if (taken.length > 0) {
      throw new PlatformError({
        what: `${id}.environment has settings that the platform sets itself`,
        got: taken.join(', '),
        allowed: 'other names',
        fix: 'Leave them out.',
      });
    }
    const { redis } = props;
    const port = props.port ?? 8080;
    const drain = props.drain ?? Duration.seconds(10);
    const secrets = redis.clientSecrets;
    this.service = new Service(this, 'service', {
      name: id,
      image: props.image ?? ContainerImage.fromCatalog('api'),
      replicas: props.replicas ?? 2,
      environment: ({ index }): Record<(typeof PLATFORM_SETTINGS)[number], string> => ({
        ...props.environment,
        // Loopback is for the health check; the own address is the one that rules lead to.
        LISTEN_ADDRESS: `${this.http.address(index)}:${port},127.0.0.1:${port}`,
        REDIS_SENTINELS: redis.sentinel.addresses.map((address) => `${address}:${SENTINEL_PORT}`).join(','),
        REDIS_MASTER_NAME: redis.masterName,
        REDIS_USERNAME: redis.users.app.name,
        REDIS_PASSWORD_FILE: '/config/secrets/redis-app',
        REDIS_SENTINEL_USERNAME: redis.sentinelUsers.app.name,
        REDIS_SENTINEL_PASSWORD_FILE: '/config/secrets/sentinel-app',
        DRAIN_SECONDS: String(drain.toSeconds()),
      }),
      healthCheck:
        props.healthCheck ??
        (props.image
          ? HealthCheck.none('the image is not ours; the proxy checks /health')
          : HealthCheck.command(['api', 'healthcheck'])),
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(drain.toSeconds() + 2),
    });
    this.http = this.service.addEndpoint('http', { port, listen: props.listen ?? 'own' });
    this.connections = this.service.connections;
    redis.allowClient(this.service);
    this.service.addFile('/config/secrets/redis-app', () => secrets.redis.plain);
    this.service.addFile('/config/secrets/sentinel-app', () => secrets.sentinel.plain);
  }
}
