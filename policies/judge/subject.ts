import type { Topology } from '../../constructs/core/topology.js';

/**
 * What policies judge: what Terraform is given to make, and what the typed code declares. The first is the same whether
 * it was read from cdk.tf.json or from a plan, and whether constructs made it or something beside them.
 */
export interface Subject {
  readonly environment: string;
  readonly topology: Topology;
  readonly containers: readonly ContainerFacts[];
  readonly networks: readonly NetworkFacts[];
  readonly volumes: readonly VolumeFacts[];
  /** What is declared and cannot be judged, e.g. `docker_service.shop`. */
  readonly unreadable: readonly string[];
}

export interface ContainerFacts {
  /** Its service's name, or the container's own name where it is no service's. */
  readonly subject: string;
  readonly name: string;
  /** Whether it is ever started. */
  readonly runs: boolean;
  readonly image: string;
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly readOnlyRoot: boolean;
  readonly privileged: boolean;
  readonly capabilities: { readonly drop: readonly string[]; readonly add: readonly string[] };
  readonly securityOptions: readonly string[];
  readonly hostDevices: readonly string[];
  /** By kind: `network`, `pid`, `ipc`, `userns`, `cgroupns`, `uts`. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** In MiB; 0 without a limit. */
  readonly memory: number;
  /** Memory and swap together, in MiB; 0 without a limit of its own. */
  readonly memorySwap: number;
  /** Cores; 0 without a limit. */
  readonly cpus: number;
  /** Processes and threads; 0 without a limit. */
  readonly processes: number;
  /** As Docker writes it: `['CMD', 'api', 'healthcheck']`; empty where there is none. */
  readonly healthCheck: readonly string[];
  /** Command and entry point. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly address: string; readonly hostPort: number | undefined }[];
  /** Whether the engine publishes whatever the image exposes. */
  readonly publishesAll: boolean;
  /** Paths of the host that are mounted. */
  readonly hostMounts: readonly string[];
  /** By the network's name on the engine: the static address, or undefined. */
  readonly networks: ReadonlyMap<string, string | undefined>;
  /** Text by path; files with secrets in them are not among them. */
  readonly files: Readonly<Record<string, string>>;
}

export interface NetworkFacts {
  readonly name: string;
  /** Whether there is a way out of it. */
  readonly hasWayOut: boolean;
}

export interface VolumeFacts {
  readonly name: string;
  /** The host's folder that it stands for. */
  readonly hostPath: string | undefined;
}

/** The declared address of each one that containers really have: another instance's are elsewhere. */
export function declaredAddresses({ topology, containers }: Subject): ReadonlyMap<string, string> {
  const instances = topology.services.flatMap((service) => service.instances);
  const pairs = containers.flatMap(({ name, networks }) =>
    topology.networks.flatMap((network): [string, string][] => {
      const address = networks.get(network.resource);
      const declared = instances.find(({ container }) => container === name)?.networks[network.name];
      return address === undefined || declared == null ? [] : [[address, declared]];
    }),
  );
  return new Map(pairs);
}
