import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration } from '../core/units.js';

export interface HttpSettings {
  /** @default 2 */
  readonly replicas?: number;
  /** The port that the image listens on. @default 8080 */
  readonly port?: number;
  /** More settings for the image, never secrets and none that the platform sets itself. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** How long requests may go on after SIGTERM. @default 10 s */
  readonly drain?: Duration;
}

/** Containers that answer HTTP. */
export interface HttpModel extends Model {
  readonly kind: 'http';
  /** Name of the service. */
  readonly service: string;
  readonly replicas: number;
  readonly port: number;
  /** How long requests may go on after SIGTERM. */
  readonly drainMs: number;
}

export const HTTP_SERVICE_RANGES = {
  replicas: [1, 60],
  drain: ['0s', '10min'],
} as const satisfies Record<string, Range<unknown>>;

/** What the platform itself tells every image. */
const OWN_SETTINGS = ['LISTEN_ADDRESS', 'DRAIN_SECONDS'] as const;

/**
 * @param id of the construct
 * @param taken more names that the environment cannot have
 */
export function resolveHttp(id: string, props: HttpSettings, taken: readonly string[] = []): Resolved<HttpModel> {
  const drain = props.drain ?? Duration.seconds(10);
  const model: HttpModel = {
    kind: 'http',
    name: id,
    service: id,
    replicas: props.replicas ?? 2,
    port: props.port ?? 8080,
    drainMs: drain.toMilliseconds(),
  };
  const rules = new Rules(id);
  const clashing = [...OWN_SETTINGS, ...taken].filter((name) => Object.hasOwn(props.environment ?? {}, name));
  if (clashing.length > 0) {
    rules.refuse('environment', clashing.join(', '), 'names that the platform does not set itself', 'Leave them out.');
  }
  rules.whole('replicas', model.replicas, HTTP_SERVICE_RANGES.replicas);
  rules.duration('drain', drain, HTTP_SERVICE_RANGES.drain);
  return { model, problems: rules.problems };
}

/**
 * What the platform tells a container.
 * @param own address of the container
 */
export function renderEnvironment(model: HttpModel, own: string): Record<(typeof OWN_SETTINGS)[number], string> {
  return {
    // Loopback is for the health check; the own address is the one that rules lead to.
    LISTEN_ADDRESS: `${own}:${model.port},127.0.0.1:${model.port}`,
    DRAIN_SECONDS: String(Duration.milliseconds(model.drainMs).toSeconds()),
  };
}
