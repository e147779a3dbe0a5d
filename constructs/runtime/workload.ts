import type { Subnet } from '../core/address-plan.js';

/**
 * What runs of one deployment, as plain data: actual addresses and ports, and all that is decided about containers. Each runtime says it in
 * its own words and decides nothing: `docker/` as Terraform's resources, `compose/` as a Compose file. Files are templates with
 * marks of secrets, so it holds none.
 */
export interface Workload {
  readonly deployment: string;
  /** Before each name on an engine that has other deployments too: `rp-dev-`. */
  readonly prefix: string;
  /** By which the CLI finds what belongs to the deployment. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of what brings files into volumes. */
  readonly seederImage: WorkloadImage;
  readonly networks: readonly WorkloadNetwork[];
  /** Ordered by name. */
  readonly services: readonly WorkloadService[];
}

export interface WorkloadImage {
  readonly reference: string;
  /** No registry has it. */
  readonly builtHere: boolean;
}

export interface WorkloadNetwork {
  /** Unique in the deployment. */
  readonly name: string;
  /** Without a way out. Where it is not, addresses are not translated: published ports work, the internet does not. */
  readonly internal: boolean;
  /** Cut off from the host itself, too. */
  readonly isolated: boolean;
  readonly subnet: Subnet;
}

/** Equal containers. */
export interface WorkloadService {
  readonly name: string;
  /** In the construct tree, from below the stack on: what is made of it gets ids that begin so. */
  readonly path: readonly string[];
  readonly image: WorkloadImage;
  /** Null: the image's own. */
  readonly command: readonly string[] | null;
  /** User and group id. */
  readonly user: number;
  readonly capabilities: { readonly drop: readonly string[]; readonly add: readonly string[] };
  readonly securityOptions: readonly string[];
  readonly readOnlyRoot: boolean;
  /** Writable folders in memory, with their mount options. */
  readonly scratch: Readonly<Record<string, string>>;
  readonly limits: {
    /** Swap is not used beyond it. */
    readonly memoryMebibytes: number;
    readonly cpus: number;
    /** Of 1024, where processors are short. Null: as all others. */
    readonly cpuShares: number | null;
    readonly processes: number;
  };
  readonly restart: 'unless-stopped';
  /** Between the image's stop signal and SIGKILL. */
  readonly stopSeconds: number;
  /** Of what a container prints. */
  readonly output: { readonly maxSize: string; readonly maxFiles: number };
  /** Null: there is none. */
  readonly healthCheck: WorkloadHealthCheck | null;
  /** Below /config, read-only to the containers and the same in each. */
  readonly files: readonly WorkloadFile[];
  /** Whether a running container takes changed files. Where it does not, other files are another container. */
  readonly reloads: boolean;
  readonly ports: readonly WorkloadPort[];
  readonly containers: readonly WorkloadContainer[];
}

export interface WorkloadHealthCheck {
  /** Without a shell. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  /** Between checks in the start period; null where the engine knows no such thing. */
  readonly startIntervalMs: number | null;
}

/** Owned by the service's user. */
export interface WorkloadFile {
  readonly path: string;
  /** With marks where `secret` is true; see `Secret`. */
  readonly text: string;
  readonly secret: boolean;
  /** Octal. */
  readonly mode: string;
}

export interface WorkloadPort {
  readonly name: string;
  /** Of the host. */
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

export interface WorkloadContainer {
  /** Its host name, too; `redis-0`. */
  readonly name: string;
  readonly index: number;
  /** Ordered by name. */
  readonly environment: Readonly<Record<string, string>>;
  /** With its fixed address, or null where the engine chooses one. */
  readonly networks: readonly { readonly name: string; readonly address: string | null }[];
  /** With data that outlives it: its own, and those of others that it may read. */
  readonly volumes: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
}
