import { Construct } from 'constructs';
import { Connections, type IConnectable } from './connections.js';
import { Endpoint, type EndpointProps, type Segment } from './endpoint.js';
import { slotFor } from './address-plan.js';
import type { ContainerImage } from './container-image.js';
import { Deployment } from './deployment.js';
import type { HealthCheck } from './health-check.js';
import type { Instance } from './instance.js';
import { PlatformError } from './platform-error.js';
import { checkExceptions, type PolicyException } from './policy-exception.js';
import { type Secret, secretsIn } from './secret.js';
import { Duration, Size } from './units.js';

/** The most that one container may use. */
export interface Limits {
  /** Swap is not used beyond it. @default 128 MiB */
  readonly memory?: Size;
  /** Cores, e.g. 0.5. @default 1 */
  readonly cpus?: number;
  /**
   * Processes and threads. The Docker provider only knows the `nproc` ulimit, which counts per user id over all
   * containers of an engine, so it stops a fork bomb rather than sharing out fairly. @default 4096
   */
  readonly processes?: number;
}

/** A file under /config, which is read-only to the container. */
export interface ConfigFile {
  /** Absolute, below /config. */
  readonly path: string;
  /** The text; with marks of secrets (`Secret.plain`) in it, the file is a secret file. Called late, when the tree is complete. */
  readonly content: () => string;
}

/** Data that outlives containers, plans and `down`. One volume per instance. */
export interface DataVolume {
  readonly name: string;
  /** Where it is mounted. The image must have the folder, owned by the service's user. */
  readonly path: string;
}

/** Another service's volume, mounted read-only. */
export interface SharedVolume {
  /** Unique in the deployment: `redis-0-logs`. */
  readonly name: string;
  /** On the engine. */
  readonly volumeName: string;
  readonly path: string;
}

/**
 * Users that containers let in, and how they are told about other passwords while they run: when a password changes, old and
 * new are let in until everybody uses the new one.
 */
export interface Logins {
  /**
   * Run in the container. Reads one line of JSON: `{"admin": {"username", "passwords": [...]}, "users": {"app": [...]}}`; with the first of the
   * admin's passwords that is taken, each of the users gets exactly those that are listed, as SHA-256 in hex. It ends no
   * connection, and a restart does not undo it.
   */
  readonly command: readonly string[];
  /** The user who may do so; one of `users`. */
  readonly admin: string;
  readonly users: readonly { readonly name: string; readonly secret: Secret }[];
}

/** A port of the host, on loopback unless the environment says otherwise, that leads into the service. */
export interface PublishedPort {
  /** Unique in the deployment, e.g. `http`. */
  readonly name: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

export interface ServiceProps {
  /** Short and unique in the deployment: containers are called `rp-<deployment>-<name>-<index>`. */
  readonly name: string;
  readonly image: ContainerImage;
  /** Containers. @default 1 */
  readonly replicas?: number;
  /** @default the image's own */
  readonly command?: readonly string[];
  /** Plain settings, never secrets: they show in `docker inspect`. Called late, once per instance. @default none */
  readonly environment?: (instance: Instance) => Readonly<Record<string, string>>;
  readonly healthCheck: HealthCheck;
  readonly limits?: Limits;
  readonly volumes?: readonly DataVolume[];
  /** Writable folders in memory. @default /tmp and /run */
  readonly scratch?: readonly string[];
  /** User and group id. Never 0. @default 10001, as the platform's images have it */
  readonly user?: number;
  /**
   * Run in a container after its files changed: makes it take them without ending a connection, and does nothing where it has
   * them already. Ends with another code than 0, and with what ran before still running, if they cannot be taken.
   * @default none: other files are another container
   */
  readonly reload?: readonly string[];
  /** Without it, a changed password replaces all who use it together. Called late. @default none */
  readonly logins?: () => Logins;
  /** Between SIGTERM and SIGKILL. @default 10 s */
  readonly stopTimeout?: Duration;
  /**
   * The platform serves its clients without it, as with logs: `npm start` waits for it last, and says so if it does not
   * come up. Where processors are short, all others go first. @default false
   */
  readonly supporting?: boolean;
  /** Whether the image may write to its own files. Needs an exception from `read-only-root`. @default false */
  readonly writableRoot?: boolean;
  /** Kernel capabilities, e.g. `NET_BIND_SERVICE`. Need an exception from `drop-capabilities`. @default none */
  readonly capabilities?: readonly string[];
  /** Policies that the service breaks knowingly. @default none */
  readonly exceptions?: readonly PolicyException[];
}

/**
 * What runs: an image with its files, secrets, endpoints, health check, limits and volumes, as one or more equal
 * containers. Hardened by default: non-root, no capabilities, no new privileges, read-only root, limited.
 *
 * How it becomes containers is the runtime's matter (`constructs/runtime/`), not the service's.
 */
export class Service extends Construct implements IConnectable {
  readonly deployment: Deployment;
  readonly name: string;
  readonly image: ContainerImage;
  readonly instances: readonly Instance[];
  readonly connections = new Connections();
  readonly limits: Required<Limits>;
  readonly user: number;
  readonly stopTimeout: Duration;
  readonly scratch: readonly string[];
  readonly supporting: boolean;
  readonly writableRoot: boolean;
  readonly capabilities: readonly string[];
  readonly exceptions: readonly PolicyException[];
  readonly healthCheck: HealthCheck;
  readonly command: readonly string[] | undefined;
  readonly reload: readonly string[] | undefined;
  private readonly environmentOf: (instance: Instance) => Readonly<Record<string, string>>;
  private readonly ownEndpoints: Endpoint[] = [];
  private readonly loginsOf: (() => Logins) | undefined;
  private readonly moreSettings: (() => Readonly<Record<string, string>>)[] = [];
  private readonly configFiles: ConfigFile[] = [];
  private readonly publishedPorts: PublishedPort[] = [];
  private readonly ownVolumes: DataVolume[];
  private readonly readOnlyVolumes: (() => SharedVolume[])[] = [];

  /** @throws PlatformError if a value cannot be meant */
  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id);
    checkProps(props);
    this.deployment = Deployment.of(this);
    this.name = props.name;
    this.image = props.image;
    this.instances = Array.from({ length: props.replicas ?? 1 }, (_, index) => ({
      index,
      name: `${props.name}-${index}`,
    }));
    this.command = props.command;
    this.reload = props.reload;
    this.loginsOf = props.logins;
    this.environmentOf = props.environment ?? (() => ({}));
    this.healthCheck = props.healthCheck;
    this.limits = {
      memory: props.limits?.memory ?? Size.mebibytes(128),
      cpus: props.limits?.cpus ?? 1,
      processes: props.limits?.processes ?? 4096,
    };
    this.ownVolumes = [...(props.volumes ?? [])];
    this.supporting = props.supporting ?? false;
    this.scratch = props.scratch ?? ['/tmp', '/run'];
    this.user = props.user ?? 10001;
    this.stopTimeout = props.stopTimeout ?? Duration.seconds(10);
    this.writableRoot = props.writableRoot ?? false;
    this.capabilities = [...(props.capabilities ?? [])].sort();
    this.exceptions = props.exceptions ?? [];
    this.node.addValidation({ validate: () => this.problems() });
  }

  static readonly isService = (value: unknown): value is Service => value instanceof Service;

  /** Opens a port to the services that get a rule for it. */
  addEndpoint(id: string, props: EndpointProps): Endpoint {
    const endpoint = new Endpoint(this, id, props);
    this.ownEndpoints.push(endpoint);
    return endpoint;
  }
  addFile(path: string, content: () => string): void {
    this.configFiles.push({ path, content });
  }
  /** More settings, of what the service may use. Called late, when the tree is complete. */
  addEnvironment(settings: () => Readonly<Record<string, string>>): void {
    this.moreSettings.push(settings);
  }
  addVolume(volume: DataVolume): void {
    this.ownVolumes.push(volume);
  }
  /**
   * Mounts a volume of each of another service's instances, read-only.
   * @param at the folder for one instance's, e.g. `/logs/api-0`
   */
  readVolumes(owner: Service, volume: DataVolume, at: (instance: Instance) => string): void {
    this.readOnlyVolumes.push(() =>
      owner.instances.map((instance) => ({
        name: `${instance.name}-${volume.name}`,
        volumeName: owner.volumeName(instance, volume),
        path: at(instance),
      })),
    );
  }
  /** Publishes a port of the host. Only the proxy does. */
  publish(port: PublishedPort): void {
    this.publishedPorts.push(port);
  }

  /** Ordered by name, as files and ports are: the order of calls does not matter. */
  get endpoints(): readonly Endpoint[] {
    return [...this.ownEndpoints].sort((a, b) => (a.segment.name < b.segment.name ? -1 : 1));
  }
  get files(): readonly ConfigFile[] {
    return [...this.configFiles].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
  get published(): readonly PublishedPort[] {
    return [...this.publishedPorts].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  get volumes(): readonly DataVolume[] {
    return [...this.ownVolumes].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
  /** Other services' volumes, mounted read-only. */
  get sharedVolumes(): readonly SharedVolume[] {
    return this.readOnlyVolumes.flatMap((volumes) => volumes()).sort((a, b) => (a.path < b.path ? -1 : 1));
  }
  /** The network that published ports come in by; undefined where nothing is published. */
  get edge(): Segment | undefined {
    return this.publishedPorts.length === 0 ? undefined : { name: 'edge', slot: slotFor('edge'), internal: false };
  }
  /** The service's own address on the edge. */
  edgeAddress(index: number): string {
    return this.deployment.addresses.owner(slotFor('edge'), index);
  }
  environment(instance: Instance): Readonly<Record<string, string>> {
    return Object.fromEntries(this.settings(instance));
  }
  /** Complete when the tree is. */
  get logins(): Logins | undefined {
    return this.loginsOf?.();
  }
  containerName(instance: Instance): string {
    return this.deployment.resourceName(instance.name);
  }
  get seederName(): string {
    return this.deployment.resourceName(`${this.name}-seeder`);
  }
  volumeName(instance: Instance, volume: DataVolume): string {
    return this.deployment.resourceName(`${instance.name}-${volume.name}`);
  }

  private settings(instance: Instance): [string, string][] {
    const all = [this.environmentOf(instance), ...this.moreSettings.map((settings) => settings())];
    return all.flatMap((settings) => Object.entries(settings));
  }

  private problems(): string[] {
    const problems: string[] = [];
    for (const instance of this.instances) {
      const text = [
        ...Object.values(this.environment(instance)),
        ...(this.command ?? []),
        ...(this.healthCheck.command ?? []),
      ].join('\n');
      const names = this.settings(instance).map(([name]) => name);
      for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
        problems.push(
          `${this.name}: environment variable ${name} is set twice. Leave it out of the service's own, or map it to another name: grant(..., { settings }).`,
        );
      }
      for (const name of secretsIn(text)) {
        problems.push(
          `${this.name}: secret "${name}" is used in the environment, command or health check, where \`docker inspect\` shows it. Put it into a file with addFile().`,
        );
      }
    }
    const paths = new Set<string>();
    for (const { path, content } of this.configFiles) {
      if (paths.has(path)) problems.push(`${this.name}: file ${path} is added twice. Give one of them another path.`);
      paths.add(path);
      if (!path.startsWith('/config/') || path.includes('..')) {
        problems.push(`${this.name}: file ${path} is not below /config. Use a path such as /config/app.conf.`);
      }
      // Secret files are filled in from topology.json, which knows declared addresses only.
      const text = content();
      if (secretsIn(text).length > 0 && text !== this.deployment.withDeclaredAddresses(content)) {
        problems.push(
          `${this.name}: file ${path} holds a secret and an address, which another instance has elsewhere. Put them into two files.`,
        );
      }
    }
    return [...new Set(problems)];
  }
}

function checkProps(props: ServiceProps): void {
  checkExceptions(props.name, props.exceptions ?? []);
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(props.name)) {
    throw new PlatformError({
      what: 'a service name cannot be used in container names',
      got: props.name,
      allowed: 'a lower-case letter, then up to 30 of a-z, 0-9 and -',
      fix: 'Choose a short name such as `api`.',
    });
  }
  const replicas = props.replicas ?? 1;
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new PlatformError({
      what: `${props.name}.replicas is not a number of containers`,
      got: replicas,
      allowed: 'a whole number from 1',
      fix: 'Use 1 for a single container.',
    });
  }
  const user = props.user ?? 10001;
  if (!Number.isInteger(user) || user < 1) {
    throw new PlatformError({
      what: `${props.name}.user cannot be used`,
      got: user,
      allowed: 'an id from 1: root is refused',
      fix: 'Let the image own its files as an ordinary user, e.g. 10001.',
    });
  }
  const { memory, cpus = 1, processes = 1 } = props.limits ?? {};
  // To the engine, 0 means without a limit.
  const limited =
    (memory === undefined || memory.toBytes() > 0) && cpus >= 0.01 && Number.isInteger(processes) && processes >= 1;
  if (!limited) {
    throw new PlatformError({
      what: `${props.name}.limits cannot be used`,
      got: `${memory === undefined ? '' : `${String(memory)}, `}${cpus} cores, ${processes} processes`,
      allowed: 'some memory, from 0.01 cores and from 1 process',
      fix: 'Leave out what you do not want to decide.',
    });
  }
}
