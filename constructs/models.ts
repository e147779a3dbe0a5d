import type { ApiModel } from './api/model.js';
import { PlatformError } from './core/platform-error.js';
import type { Topology, TopologyService } from './core/topology.js';
import { TOPOLOGY_VERSION } from './core/topology-version.js';
import type { HttpModel } from './http/model.js';
import type { LogsModel } from './logging/model.js';
import type { ProxyModel } from './proxy/model.js';
import type { BackupsModel } from './redis/backups-model.js';
import type { RedisModel } from './redis/model.js';

/** Every kind of model that there is. */
export interface Models {
  readonly api: ApiModel;
  readonly backups: BackupsModel;
  readonly http: HttpModel;
  readonly logs: LogsModel;
  readonly proxy: ProxyModel;
  readonly redis: RedisModel;
}
export type Kind = keyof Models;
export type AnyModel = Models[Kind];

/** The services that a model describes, by name: what they are given is rendered from it. */
const SERVICES: { readonly [K in Kind]: (model: Models[K]) => readonly string[] } = {
  api: ({ service }) => [service],
  backups: ({ service }) => [service],
  http: ({ service }) => [service],
  logs: ({ services }) => [services.store, ...services.others],
  proxy: ({ service }) => [service],
  redis: ({ nodes, sentinels }) => [nodes.service, sentinels.service],
};

/** All models of a kind, by name. */
export function modelsOf<K extends Kind>({ models }: Pick<Topology, 'models'>, kind: K): Models[K][] {
  return (models as readonly AnyModel[]).filter((model): model is Models[K] & AnyModel => model.kind === kind);
}

export function servicesOf(model: AnyModel): readonly string[] {
  return (SERVICES[model.kind] as (model: AnyModel) => readonly string[])(model);
}

/** The service of that name. */
export function serviceNamed({ services }: Pick<Topology, 'services'>, name: string): TopologyService | undefined {
  return services.find((service) => service.name === name);
}

/** @returns whether a topology.json is of an earlier version of this project, whose models were none or others */
export function isEarlier(topology: unknown): boolean {
  const version = valueOf(topology, 'formatVersion');
  return typeof version === 'number' && version < TOPOLOGY_VERSION;
}

/**
 * Reads a topology.json of this version.
 * @param file how to call it in messages
 * @param fix what to do where it is another one
 * @throws PlatformError for another version, and with all models of a kind that this version does not know
 */
export function checkTopology(topology: unknown, file: string, fix: string): Topology {
  const version = valueOf(topology, 'formatVersion');
  if (version !== TOPOLOGY_VERSION) {
    throw new PlatformError({
      what: `${file} is of another version of this project`,
      got: version === undefined ? 'no formatVersion' : `formatVersion ${JSON.stringify(version)}`,
      allowed: `formatVersion ${TOPOLOGY_VERSION}`,
      fix,
    });
  }
  const models = valueOf(topology, 'models');
  const kinds = (Array.isArray(models) ? models : [undefined]).map((model: unknown) => valueOf(model, 'kind'));
  const unknown = kinds.filter((kind) => typeof kind !== 'string' || !Object.hasOwn(SERVICES, kind));
  if (unknown.length > 0) {
    throw PlatformError.all(
      unknown.map((kind) => ({
        what: `${file} has a model of a kind that is not known`,
        got: kind === undefined ? 'no kind' : JSON.stringify(kind),
        allowed: Object.keys(SERVICES).join(', '),
        fix,
      })),
    );
  }
  return topology as Topology;
}

function valueOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
