import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import { Deployment, deploymentName } from '../../constructs/core/deployment.js';
import { PlatformBase } from '../../constructs/platform-base.js';
import type { Topology } from '../../constructs/core/topology.js';
import { dev } from './dev.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import { type Site, UNPREPARED_SITE } from '../../environments/site.js';
import type { DeclareOptions } from '../../cli/synth/declare.js';
import { declare } from './declare.js';
import { writeDeclaration } from '../../cli/synth/write-declaration.js';
import { DECLARED } from './offline-deployment.js';

/** What is different from `dev`, at any depth; a list replaces the other list as a whole. */
export type Change = DeepPartial<EnvironmentInput>;
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

export interface Where {
  readonly instance?: string;
  readonly site?: Partial<Site>;
  /** What the change starts from. @default dev */
  readonly environment?: EnvironmentInput;
  readonly policies?: DeclareOptions['policies'];
  /** A folder that stands for the project's: gets `cdktf.out`. @default a new one, removed at once */
  readonly project?: string;
}

/** Tests are no place for exceptions to expire in. */
export const DAY = '2026-01-01';

/** A container as `cdk.tf.json` has it; only what tests look at. */
export interface ContainerResource {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  readonly security_opts?: readonly string[];
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly memory?: number;
  readonly memory_swap?: number;
  readonly cpus?: string;
  readonly ulimit?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly restart?: string;
  readonly start?: boolean;
  readonly must_run?: boolean;
  readonly stop_timeout?: number;
  readonly destroy_grace_seconds?: number;
  readonly log_driver?: string;
  readonly log_opts?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] } & Readonly<Record<string, unknown>>;
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
  readonly volumes?: readonly Readonly<Record<string, string>>[];
  readonly networks_advanced?: readonly { readonly name: string; readonly ipv4_address?: string }[];
  readonly ports?: readonly { readonly internal: number; readonly external: number; readonly ip: string }[];
  readonly upload?: readonly UploadedFile[];
}

export interface UploadedFile {
  readonly file: string;
  readonly content?: string;
  readonly source?: string;
  readonly source_hash?: string;
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
}

export interface NetworkResource {
  readonly name: string;
  readonly internal: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam_config: readonly { readonly subnet: string; readonly gateway: string; readonly ip_range: string }[];
}

export interface Terraform {
  readonly terraform: { readonly required_providers: Readonly<Record<string, unknown>>; readonly backend: unknown };
  readonly resource: {
    readonly docker_container: Readonly<Record<string, ContainerResource>>;
    readonly docker_network?: Readonly<Record<string, NetworkResource>>;
  } & Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** What a synth wrote. */
export class Synthesized {
  readonly terraform: Terraform;
  readonly topology: Topology;

  constructor(
    readonly deployment: string,
    /** cdk.tf.json as it was written. */
    readonly text: string,
    /** topology.json as it was written. */
    readonly topologyText: string,
    readonly manifestText: string,
  ) {
    this.terraform = JSON.parse(text) as Terraform;
    this.topology = JSON.parse(topologyText) as Topology;
  }

  /** Everything that is created but never started. */
  get seeders(): ContainerResource[] {
    return this.everyContainer.filter(({ start }) => start === false);
  }
  /** Everything that runs. */
  get containers(): ContainerResource[] {
    return this.everyContainer.filter(({ start }) => start !== false);
  }
  get networks(): NetworkResource[] {
    return Object.values(this.terraform.resource.docker_network ?? {});
  }
  /** @param name without the deployment's prefix, e.g. `redis-0` */
  container(name: string): ContainerResource {
    return this.named(this.everyContainer, name);
  }
  /** @param name without the deployment's prefix, e.g. `redis-sentinel` */
  network(name: string): NetworkResource {
    return this.named(this.networks, name);
  }
  /** A file under /config as Terraform uploads it. */
  file(service: string, path: string): UploadedFile {
    const files = this.container(`${service}-seeder`).upload ?? [];
    const found = files.find(({ file }) => file === path);
    if (!found) throw new Error(`${service} has no ${path}, only ${files.map(({ file }) => file).join(', ')}`);
    return found;
  }
  /** The networks of a container by short name, each with the static address or undefined. */
  networksOf(container: ContainerResource): Map<string, string | undefined> {
    const reference = /^\$\{docker_network\.network-(.+)\.name\}$/;
    return new Map(
      (container.networks_advanced ?? []).map(({ name, ipv4_address }) => [
        reference.exec(name)?.[1] ?? name,
        ipv4_address,
      ]),
    );
  }

  private get everyContainer(): ContainerResource[] {
    return Object.values(this.terraform.resource.docker_container);
  }
  private named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
    const found = all.filter((one) => one.name === `rp-${this.deployment}-${name}`);
    const [only] = found;
    if (!only || found.length > 1) {
      throw new Error(`${found.length} are called ${name}; there are ${all.map((one) => one.name).join(', ')}`);
    }
    return only;
  }
}

/** The real platform, from `dev` with a change. Always runs the validations, and the policies unless told otherwise. */
export function synth(
  change: Change = {},
  { instance, site, project, environment: base = dev, policies }: Where = {},
): Synthesized {
  const environment = parseEnvironment(merge(base, change));
  return inFolder(project, deploymentName(environment.name, instance), (outdir) => {
    const here = { ...UNPREPARED_SITE, ...site };
    writeDeclaration(declare({ environment, instance, site: here, day: DAY, ...(policies && { policies }) }), outdir);
  });
}

/** A platform of own services, declared by the test. Always runs the validations. */
export function synthServices(
  fill: (stack: PlatformBase) => void,
  { project }: Pick<Where, 'project'> = {},
): Synthesized {
  return inFolder(project, 'own', (outdir) => {
    const deployment = new Deployment({ ...DECLARED, environment: 'own' });
    const app = new App({ stackTraces: false, outdir });
    const stack = new OwnServices(app, deployment);
    fill(stack);
    app.synth();
    writeFileSync(join(outdir, 'stacks', 'own', 'topology.json'), JSON.stringify(stack.topology(), null, 2));
  });
}

class OwnServices extends PlatformBase {}

function inFolder(project: string | undefined, deployment: string, write: (outdir: string) => void): Synthesized {
  const folder = project ?? mkdtempSync(join(tmpdir(), 'redis-platform-synth-'));
  const outdir = join(folder, 'cdktf.out');
  try {
    write(outdir);
    const read = (...path: string[]) => readFileSync(join(outdir, ...path), 'utf8');
    const stack = ['stacks', deployment];
    return new Synthesized(
      deployment,
      read(...stack, 'cdk.tf.json'),
      read(...stack, 'topology.json'),
      read('manifest.json'),
    );
  } finally {
    if (project === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function merge<T>(base: T, change: DeepPartial<T>): T {
  if (!isPlain(base) || !isPlain(change)) return change as T;
  const keys = new Set([...Object.keys(base), ...Object.keys(change)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(change, key) ? merge(base[key], change[key]) : base[key]]),
  ) as T;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
