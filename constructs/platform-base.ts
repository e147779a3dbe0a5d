import { Lazy, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import type { Deployment } from './core/deployment.js';
import { graphProblems } from './core/graph-problems.js';
import { Modelled } from './core/modelled.js';
import type { Output } from './core/output.js';
import { PlatformError, type Problem } from './core/platform-error.js';
import { Service } from './core/service.js';
import { describeTopology, type Topology } from './core/topology.js';
import { describeWorkload } from './runtime/describe-workload.js';
import { ReadableIds } from './runtime/docker/readable-ids.js';
import { renderDocker } from './runtime/docker/render.js';
import { useDocker } from './runtime/docker/use-docker.js';
import type { Workload } from './runtime/workload.js';

/** A stack of services on one Docker engine. Subclasses only say which services there are and who may reach whom. */
export abstract class PlatformBase extends ReadableIds {
  private rendered = false;

  constructor(
    scope: Construct,
    readonly deployment: Deployment,
  ) {
    super(scope, deployment.name);
    deployment.attachTo(this);
    useDocker(this, deployment.name);
    new TerraformOutput(this, 'clients', { value: Lazy.anyValue({ produce: () => this.outputs }) });
    this.node.addValidation({ validate: () => graphProblems(this.services) });
  }

  /** All services, ordered by name. */
  get services(): Service[] {
    const found = this.node.findAll().filter(Service.isService);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  /** The constructs that have a model. */
  private get modelled(): Modelled[] {
    return this.node.findAll().filter((construct) => construct instanceof Modelled);
  }
  /** Where clients on the host connect; `npm run outputs` reads what Terraform records of it. */
  get outputs(): Output[] {
    return this.modelled.flatMap(({ outputs }) => outputs);
  }
  /** The tree as plain data; see docs/architecture.md. */
  topology(): Topology {
    const models = this.modelled.map(({ model }) => model);
    const grants = this.modelled.flatMap((construct) => construct.grants);
    return describeTopology(this.deployment, this.services, models, grants);
  }
  /** What runs of it, for any runtime. */
  workload(): Workload {
    return describeWorkload(this.deployment, this.services);
  }

  /**
   * Called by cdktf when the tree is complete: the order in which services and rules were declared has no meaning.
   * @throws PlatformError with all problems of the graph
   */
  override prepareStack(): void {
    // cdktf validates later, but rendering a broken graph would fail first and less clearly.
    const problems = this.node.findAll().flatMap(({ node }) => node.validate());
    if (problems.length > 0) throw PlatformError.all(problems.map(asProblem));
    if (!this.rendered) renderDocker(this, this.workload());
    this.rendered = true;
    super.prepareStack();
  }
}

/** Validations are sentences: what is wrong, a colon, what to do. */
function asProblem(sentence: string): Problem {
  const [what = '', ...fix] = sentence.split(': ');
  return { what, fix: fix.join(': ') };
}
