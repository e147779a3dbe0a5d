import type { Deployment, PublishOn } from './deployment.js';
import type { Grant } from './grant.js';
import { memberships, ownSegments } from './memberships.js';
import type { Model } from './model.js';
import { byPolicyAndSubject, type ExceptionFor } from './policy-exception.js';
import { secretsIn } from './secret.js';
import type { Service } from './service.js';
import { TOPOLOGY_VERSION } from './topology-version.js';

/**
 * The construct tree as plain data: the *declared* values, so it is the same on every machine. Holds no secret and no
 * machine path. Review, diagram, policies, the CLI and the tests read it instead of guessing names.
 */
export interface Topology {
  readonly formatVersion: typeof TOPOLOGY_VERSION;
  readonly environment: string;
  /** The environment, and the instance where there is one: `dev_alice`. */
  readonly deployment: string;
  readonly baseCidr: string;
  readonly networks: readonly TopologyNetwork[];
  readonly services: readonly TopologyService[];
  /** What the constructs are meant to be, ordered by kind and name; `constructs/models.ts` knows the kinds. */
  readonly models: readonly Model[];
  /** Every connection that can be made. */
  readonly allowed: readonly AllowedEdge[];
  /** Who may do what with what they connect to, ordered by client and target. */
  readonly grants: readonly Grant[];
  readonly published: readonly TopologyPort[];
  /** Why ports are published on another address than loopback; null where they are not. */
  readonly publishOn: PublishOn | null;
  /** Names of the secrets that files refer to. */
  readonly secrets: readonly string[];
  /** Policies that are broken knowingly, by whom, why and until when. */
  readonly exceptions: readonly ExceptionFor[];
}

export interface TopologyNetwork {
  readonly name: string;
  /** On the engine. */
  readonly resource: string;
  readonly slot: number;
  readonly subnet: string;
  readonly internal: boolean;
}

export interface TopologyService {
  readonly name: string;
  /** In the construct tree. */
  readonly path: string;
  readonly image: { readonly kind: 'directory' | 'registry'; readonly from: string; readonly reference: string };
  readonly command: readonly string[] | null;
  readonly instances: readonly {
    readonly name: string;
    readonly container: string;
    readonly environment: Readonly<Record<string, string>>;
    /** By network: the static address, or null where the engine chooses one. */
    readonly networks: Readonly<Record<string, string | null>>;
    /** Its own, and those of other services that it may read. */
    readonly volumes: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  }[];
  /** Seeder of the service's files, or null without files. */
  readonly seeder: string | null;
  readonly endpoints: readonly {
    readonly name: string;
    readonly port: number;
    readonly listen: 'own' | 'all';
    readonly addresses: readonly string[];
  }[];
  readonly limits: { readonly memory: string; readonly cpus: number; readonly processes: number };
  readonly healthCheck: { readonly command: readonly string[] | null; readonly reason: string | null };
  readonly user: number;
  /** The platform serves its clients without it. */
  readonly supporting: boolean;
  readonly stopTimeout: string;
  /** Hardening that is off; why it may be stands among the topology's exceptions. */
  readonly loosened: readonly { readonly what: 'writable-root' | 'capability'; readonly capability?: string }[];
  /** The text is a template where `secret` is true: the CLI fills it in on the machine. */
  readonly files: readonly { readonly path: string; readonly secret: boolean; readonly text: string }[];
  /** Makes a container take changed files while it runs; null where it has to be another one. */
  readonly reload: readonly string[] | null;
  /** Who is let in, with the name of the secret; see `Logins`. Null where that is not known. */
  readonly logins: {
    readonly command: readonly string[];
    readonly admin: string;
    readonly users: Readonly<Record<string, string>>;
  } | null;
}

export interface AllowedEdge {
  readonly from: string;
  /** Name of the endpoint's network. */
  readonly to: string;
  readonly port: number;
  /**
   * `declared` by a rule; `same service`, as a service's own containers share its networks; or `listens on all`: the
   * owner cannot restrict itself, and both are members of some network.
   */
  readonly because: 'declared' | 'same service' | 'listens on all';
}

export interface TopologyPort {
  readonly name: string;
  readonly service: string;
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

export function describeTopology(
  deployment: Deployment,
  services: readonly Service[],
  models: readonly Model[],
  grants: readonly Grant[],
): Topology {
  const segments = services.flatMap((service) => ownSegments(service)).sort((a, b) => a.slot - b.slot);
  return {
    formatVersion: TOPOLOGY_VERSION,
    environment: deployment.environment,
    deployment: deployment.name,
    baseCidr: deployment.declared.baseCidr,
    networks: segments.map(({ name, slot, internal }) => ({
      name,
      resource: deployment.resourceName(name),
      slot,
      subnet: deployment.declared.subnet(slot).cidr,
      internal,
    })),
    services: deployment.withDeclaredAddresses(() => services.map(describeService)),
    models: models.toSorted((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1)),
    allowed: services.flatMap((service) => allowedEdges(service, services)),
    grants: grants.toSorted((a, b) => (grantKey(a) < grantKey(b) ? -1 : 1)),
    published: services.flatMap((service) =>
      service.published.map((port) => ({ ...port, service: service.name, address: deployment.publishAddress })),
    ),
    publishOn: deployment.publishOn ?? null,
    secrets: [...new Set(services.flatMap(({ files }) => files.flatMap((file) => secretsIn(file.content()))))].sort(),
    exceptions: [
      ...deployment.exceptions,
      ...services.flatMap(({ name, exceptions }) =>
        exceptions.map(({ policy, reason, until }) => ({ policy, subject: name, reason, until })),
      ),
    ].sort(byPolicyAndSubject),
  };
}

function grantKey({ client, kind, target }: Grant): string {
  return `${client} ${kind} ${target}`;
}

function describeService(service: Service): TopologyService {
  const { image, limits, healthCheck } = service;
  return {
    name: service.name,
    path: service.node.path,
    image: {
      kind: image.source.kind,
      from: image.source.kind === 'directory' ? image.source.folder : image.source.reference,
      reference: image.reference,
    },
    command: service.command ?? null,
    instances: service.instances.map((instance) => ({
      name: instance.name,
      container: service.containerName(instance),
      environment: sorted(service.environment(instance)),
      networks: Object.fromEntries(
        memberships(service, instance).map(({ segment, address }) => [segment.name, address ?? null]),
      ),
      volumes: [
        ...service.volumes.map((volume) => ({
          name: service.volumeName(instance, volume),
          path: volume.path,
          readOnly: false,
        })),
        ...service.sharedVolumes.map(({ volumeName, path }) => ({ name: volumeName, path, readOnly: true })),
      ],
    })),
    seeder: service.files.length > 0 ? service.seederName : null,
    endpoints: service.endpoints.map((endpoint) => ({
      name: endpoint.segment.name,
      port: endpoint.port,
      listen: endpoint.listen,
      addresses: endpoint.addresses,
    })),
    limits: { ...limits, memory: String(limits.memory) },
    healthCheck: { command: healthCheck.command ?? null, reason: healthCheck.reason ?? null },
    user: service.user,
    supporting: service.supporting,
    stopTimeout: String(service.stopTimeout),
    loosened: [
      ...(service.writableRoot ? [{ what: 'writable-root' as const }] : []),
      ...service.capabilities.map((capability) => ({ what: 'capability' as const, capability })),
    ],
    files: service.files.map(({ path, content }) => {
      const text = content();
      return { path, secret: secretsIn(text).length > 0, text };
    }),
    reload: service.reload ?? null,
    logins: service.logins
      ? {
          command: service.logins.command,
          admin: service.logins.admin,
          users: sorted(Object.fromEntries(service.logins.users.map(({ name, secret }) => [name, secret.name]))),
        }
      : null,
  };
}

/** The order in which settings were written down has no meaning. */
function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function allowedEdges(service: Service, all: readonly Service[]): AllowedEdge[] {
  const networksOf = (one: Service) =>
    new Set(one.instances.flatMap((instance) => memberships(one, instance).map(({ segment }) => segment.name)));
  const mine = networksOf(service);
  return all.flatMap((owner) =>
    owner.endpoints.flatMap((endpoint): AllowedEdge[] => {
      const edge = { from: service.name, to: endpoint.segment.name, port: endpoint.port };
      if (owner === service) return [{ ...edge, because: 'same service' }];
      if (service.connections.allowed.includes(endpoint)) return [{ ...edge, because: 'declared' }];
      const shared = [...networksOf(owner)].some((network) => mine.has(network));
      return endpoint.listen === 'all' && shared ? [{ ...edge, because: 'listens on all' }] : [];
    }),
  );
}
