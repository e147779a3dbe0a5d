import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { LocalBackend, TerraformElement, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { MAX_JOINERS } from '../network/address-plan.js';
import type { Segment } from '../network/endpoint.js';
import { Deployment } from './deployment.js';
import { ownSegments, renderDocker } from './docker-runtime.js';
import { PlatformError, type Problem } from './platform-error.js';
import { providerVersion } from './provider-version.mjs';
import { Service } from './service.js';
import { describeTopology, type Topology } from './topology.js';

/** A stack of services on one Docker engine. Subclasses only say which services there are and who may reach whom. */
export abstract class PlatformBase extends TerraformStack {
  private rendered = false;
  private readonly logicalIds = new Map<string, TerraformElement>();

  constructor(
    scope: Construct,
    readonly deployment: Deployment,
  ) {
    super(scope, deployment.name);
    deployment.attachTo(this);
    new DockerProvider(this, 'docker', {});
    // The bindings pin an older provider; what 4.x has more goes through overrides in docker-runtime.ts.
    this.addOverride('terraform.required_providers.docker.version', providerVersion);
    // Relative, as the default would write this machine's path into the output.
    new LocalBackend(this, { path: `../../../.platform/${deployment.name}/terraform.tfstate` });
    this.node.addValidation({ validate: () => graphProblems(this.services) });
  }

  /** All services, ordered by name. */
  get services(): Service[] {
    const found = this.node.findAll().filter(Service.isService);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  /** The tree as plain data; see docs/architecture.md. */
  topology(): Topology {
    return describeTopology(this.deployment, this.services);
  }

  /**
   * Called by cdktf when the tree is complete: the order in which services and rules were declared has no meaning.
   * @throws PlatformError with all problems of the graph
   */
  override prepareStack(): void {
    // cdktf validates later, but rendering a broken graph would fail first and less clearly.
    const problems = this.node.findAll().flatMap(({ node }) => node.validate());
    if (problems.length > 0) throw PlatformError.all(problems.map(asProblem));
    if (!this.rendered) renderDocker(this, this.deployment, this.services);
    this.rendered = true;
    super.prepareStack();
  }

  /**
   * Readable and stable: cdktf's own end in hashes.
   * @throws PlatformError if two constructs would get the same: cdktf would silently merge them into one
   */
  protected override allocateLogicalId(element: TerraformElement): string {
    const scopes = element.node.scopes;
    const id = scopes
      .slice(scopes.indexOf(this) + 1)
      .map(({ node }) => node.id)
      .join('-');
    const other = this.logicalIds.get(id) ?? element;
    if (other !== element) {
      throw new PlatformError({
        what: `two constructs are both called ${id} in Terraform`,
        got: `${other.node.path} and ${element.node.path}`,
        allowed: 'paths that differ when their parts are joined with dashes',
        fix: 'Give one of them another id.',
      });
    }
    this.logicalIds.set(id, element);
    return id;
  }
}

/** Validations are sentences: what is wrong, a colon, what to do. */
function asProblem(sentence: string): Problem {
  const [what = '', ...fix] = sentence.split(': ');
  return { what, fix: fix.join(': ') };
}

/** What only the whole graph can tell. */
function graphProblems(services: readonly Service[]): string[] {
  const problems: string[] = [];
  const unique = (what: string, fix: string) => {
    const owners = new Map<string | number, string>();
    return (key: string | number, owner: string) => {
      const other = owners.get(key);
      if (other !== undefined) problems.push(`${what} ${key} is used by ${other} and by ${owner}: ${fix}`);
      owners.set(key, owner);
    };
  };
  const checkName = unique('service name', 'give one of them another name.');
  const checkNetwork = unique('network name', 'call one of the endpoints differently.');
  const checkSlot = unique('network slot', 'name another slot (0-31) for one of them: addEndpoint(id, { slot }).');
  const checkPort = unique('host port', 'publish one of them elsewhere.');
  const checkPublished = unique('published name', 'call one of them differently.');
  const publishers = services.filter(({ published }) => published.length > 0).map(({ name }) => name);
  if (publishers.length > 1) {
    problems.push(`${publishers.join(' and ')} both publish ports: let one of them, the proxy, do it for all.`);
  }
  for (const service of services) {
    checkName(service.name, service.node.path);
    for (const { name } of ownSegments(service)) checkNetwork(name, service.node.path);
    for (const { name, hostPort } of service.published) {
      checkPort(hostPort, `${service.name}/${name}`);
      checkPublished(name, service.name);
    }
    if (service.published.length > 0 && service.instances.length > 1) {
      problems.push(`${service.name} publishes ports from ${service.instances.length} containers: use one.`);
    }
  }
  for (const { slot, name } of distinctSegments(services)) checkSlot(slot, name);
  return [...problems, ...crowdedNetworks(services)];
}

/** One of each name: that a name is used twice is another problem. */
function distinctSegments(services: readonly Service[]): Iterable<Segment> {
  return new Map(services.flatMap(ownSegments).map((segment) => [segment.name, segment])).values();
}

function crowdedNetworks(services: readonly Service[]): string[] {
  return services.flatMap(({ endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const clients = services.filter(
        (service) => service !== endpoint.service && service.connections.allowed.includes(endpoint),
      );
      const count = clients.reduce((sum, { instances }) => sum + instances.length, 0);
      if (count <= MAX_JOINERS) return [];
      const names = clients.map(({ name, instances }) => `${name} (${instances.length})`).join(', ');
      return [
        `network ${endpoint.segment.name} has ${count} clients and addresses for ${MAX_JOINERS}: lower the replicas of ${names}.`,
      ];
    }),
  );
}
