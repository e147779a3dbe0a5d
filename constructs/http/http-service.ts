import type { Construct } from 'constructs';
import type { ContainerImage } from '../core/container-image.js';
import type { Grant } from '../core/grant.js';
import { type GrantOptions, Grants, namedSettings } from '../core/grants.js';
import { HealthCheck } from '../core/health-check.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { type Limits, Service } from '../core/service.js';
import { Duration, Size } from '../core/units.js';
import type { Connections, IConnectable } from '../core/connections.js';
import type { Endpoint, EndpointProps } from '../core/endpoint.js';
import { type HttpModel, type HttpSettings, renderEnvironment, resolveHttp } from './model.js';

export interface HttpServiceProps extends HttpSettings {
  /** Any image that serves HTTP on `LISTEN_ADDRESS`, or on its port on every address: see `listen`. */
  readonly image: ContainerImage;
  /** Says that the image listens on every address, whatever LISTEN_ADDRESS says: see {@link EndpointProps.listen}. @default 'own' */
  readonly listen?: EndpointProps['listen'];
  /** What clients on the host are told of it. @default its name */
  readonly offer?: EndpointProps['offer'];
  /** @default none: a proxy that leads to it asks it over HTTP */
  readonly healthCheck?: HealthCheck;
  /** @default 128 MiB, 1 CPU */
  readonly limits?: Limits;
}

/**
 * Containers of an HTTP service, in any language. An image is told `LISTEN_ADDRESS` (one or more of `address:port`, separated by commas), `DRAIN_SECONDS` (how
 * long requests may go on after SIGTERM), its own settings and those of what it is granted.
 */
export class HttpService extends Modelled implements IConnectable {
  readonly http: Endpoint;
  readonly connections: Connections;
  readonly service: Service;
  readonly model: HttpModel;
  private readonly clients: Grants<'call', 'HTTP_URLS'>;

  /** @throws PlatformError with all that cannot be */
  constructor(scope: Construct, id: string, props: HttpServiceProps) {
    super(scope, id);
    const model = sound(resolveHttp(id, props));
    this.model = model;
    const drain = Duration.milliseconds(model.drainMs);
    this.service = new Service(this, 'service', {
      name: model.service,
      image: props.image,
      replicas: model.replicas,
      environment: ({ index }) => ({
        ...props.environment,
        ...renderEnvironment(model, this.http.address(index)),
      }),
      healthCheck: props.healthCheck ?? HealthCheck.none('the image is not ours; the proxy checks /health'),
      limits: { memory: Size.mebibytes(128), ...props.limits },
      stopTimeout: Duration.seconds(drain.toSeconds() + 2),
    });
    this.http = this.service.addEndpoint('http', {
      port: model.port,
      listen: props.listen ?? 'own',
      offer: props.offer ?? { what: id },
    });
    this.connections = this.service.connections;
    this.clients = new Grants(this.service, {
      kind: model.kind,
      name: model.name,
      accesses: ['call'],
      settings: ['HTTP_URLS'],
    });
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
