import { Construct } from 'constructs';
import { AddressPlan } from './address-plan.js';
import type { ExceptionFor } from './policy-exception.js';

/** What a machine's engine can do; recorded in the site, so that an engine upgrade does not silently replace things. */
export interface EngineAbilities {
  /** Networks can be cut off from the host itself (`gateway_mode_ipv4=isolated`, engine >= 28). */
  readonly isolatedGateways: boolean;
  /** Health checks can run more often while a container starts (engine >= 25). */
  readonly startInterval: boolean;
}

/** An address of the host other than loopback, by which other machines may reach what is published. */
export interface PublishOn {
  /** IPv4; `0.0.0.0` for all of the host's. */
  readonly address: string;
  readonly reason: string;
}

export interface DeploymentProps {
  /** The environment's name, e.g. `dev`. */
  readonly environment: string;
  /** Another copy of the environment with its own names, subnets and ports. @default none */
  readonly instance?: string | undefined;
  /** What the environment declares; topology.json shows this one. */
  readonly declaredCidr: string;
  /** What this deployment uses. @default the declared one */
  readonly actualCidr?: string | undefined;
  /** Host ports that differ from the declared ones, by published name. @default none */
  readonly actualPorts?: Readonly<Record<string, number>> | undefined;
  readonly engine: EngineAbilities;
  /** @default ports are published on 127.0.0.1 */
  readonly publishOn?: PublishOn | undefined;
  /** Policies that the environment breaks knowingly. @default none */
  readonly exceptions?: readonly ExceptionFor[] | undefined;
  /** Marks what this checkout deployed, so that another checkout does not take it for its own. */
  readonly owner: string;
}

const CONTEXT_KEY = 'redis-platform:deployment';

/** One environment on one engine: names, addresses, ports and labels of everything in it. */
export class Deployment {
  /** `dev`, or `dev_alice` for the instance `alice`. Also the stack's name and the folder under `.platform`. */
  readonly name: string;
  readonly declared: AddressPlan;
  readonly engine: EngineAbilities;
  readonly owner: string;
  readonly environment: string;
  readonly publishOn: PublishOn | undefined;
  readonly exceptions: readonly ExceptionFor[];
  private readonly actualPorts: Readonly<Record<string, number>>;
  private readonly actual: AddressPlan;
  private describing = false;

  constructor(props: DeploymentProps) {
    this.environment = props.environment;
    this.name = deploymentName(props.environment, props.instance);
    this.declared = new AddressPlan(props.declaredCidr);
    this.actual = new AddressPlan(props.actualCidr ?? props.declaredCidr);
    this.actualPorts = props.actualPorts ?? {};
    this.engine = props.engine;
    this.owner = props.owner;
    this.publishOn = props.publishOn;
    this.exceptions = props.exceptions ?? [];
  }

  /** Makes this the deployment of a construct and everything below it. */
  attachTo(scope: Construct): void {
    scope.node.setContext(CONTEXT_KEY, this);
  }
  /** @throws Error outside a deployment */
  static of(scope: Construct): Deployment {
    const deployment: unknown = scope.node.tryGetContext(CONTEXT_KEY);
    if (deployment instanceof Deployment) return deployment;
    throw new Error(`${scope.node.path} is in no deployment: create it below a stack that extends PlatformBase`);
  }

  get addresses(): AddressPlan {
    return this.describing ? this.declared : this.actual;
  }
  /** Another instance of an environment has other addresses; what is *declared*, and shown to reviewers, is the same. */
  withDeclaredAddresses<T>(describe: () => T): T {
    this.describing = true;
    try {
      return describe();
    } finally {
      this.describing = false;
    }
  }

  /** A name that is unique on the engine: of a container, network or volume. */
  resourceName(name: string): string {
    return `rp-${this.name}-${name}`;
  }
  /** Where the host takes connections to published ports. */
  get publishAddress(): string {
    return this.publishOn?.address ?? '127.0.0.1';
  }
  hostPort(published: string, declared: number): number {
    return this.actualPorts[published] ?? declared;
  }
  /** Labels by which the CLI finds what belongs to this deployment, also after an interrupted apply. */
  get labels(): Readonly<Record<string, string>> {
    return { 'redis-platform.deployment': this.name, 'redis-platform.owner': this.owner };
  }
}

/** Joined by what no name of an environment, instance or service holds: `rp-dev_alice-redis-0` cannot be anything else. */
export function deploymentName(environment: string, instance?: string): string {
  return instance === undefined ? environment : `${environment}${JOINT}${instance}`;
}

/** What `deploymentName` joined. */
export function splitDeploymentName(name: string): { readonly environment: string; readonly instance?: string } {
  const at = name.indexOf(JOINT);
  return at < 0 ? { environment: name } : { environment: name.slice(0, at), instance: name.slice(at + JOINT.length) };
}

const JOINT = '_';
