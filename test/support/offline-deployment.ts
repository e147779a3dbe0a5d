import { RootConstruct } from 'constructs';
import { type Context, deploymentPaths } from '../../cli/context.js';
import { createContext } from './context.js';
import { Deployment, type DeploymentProps } from '../../constructs/core/deployment.js';
import type { Topology } from '../../constructs/core/topology.js';
import { type Environment, parseEnvironment } from '../../environments/schema.js';
import { siteFile, UNPREPARED_SITE } from '../../environments/site.js';
import { declare } from './declare.js';
import { dev } from './dev.js';
import { temporaryFolder, writeFiles } from './temporary-folder.js';

/** What the tests' deployments declare where it does not matter what. */
export const DECLARED = {
  environment: 'dev',
  declaredCidr: '10.213.0.0/20',
  engine: UNPREPARED_SITE.engine,
  owner: UNPREPARED_SITE.owner,
} satisfies DeploymentProps;

/** The top of a tree of constructs in a deployment, without an app around it. */
export function inDeployment(props: Partial<DeploymentProps> = {}): { root: RootConstruct; deployment: Deployment } {
  const root = new RootConstruct();
  const deployment = new Deployment({ ...DECLARED, ...props });
  deployment.attachTo(root);
  return { root, deployment };
}

/** Dev's deployment, whose files are in a folder of its own. */
export function contextIn(options: { instance?: string } = {}): Context {
  const context = createContext({ env: 'dev', ...options });
  const project = { ...context.project, folder: temporaryFolder() };
  const environment = parseEnvironment(dev);
  return { ...context, environment, project, paths: deploymentPaths(project.folder, context.name) };
}

export function write(file: string, content: unknown): void {
  writeFiles('', { [file]: typeof content === 'string' ? content : JSON.stringify(content) });
}

export function writeSite(context: Context, owner: string): void {
  write(siteFile(context.project.folder), { ...UNPREPARED_SITE, owner });
}

/** A state as Terraform writes it, with one container for each id. */
export function stateWith(
  containers: { id: string; deployment: string }[],
  outputs: Record<string, unknown> = {},
): unknown {
  const instances = containers.map(({ id, deployment }) => ({
    schema_version: 2,
    attributes: { id, name: `rp-${deployment}-x`, labels: [{ label: 'redis-platform.deployment', value: deployment }] },
  }));
  return {
    version: 4,
    terraform_version: '1.11.4',
    serial: 7,
    lineage: '0',
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value, type: 'dynamic' }])),
    resources: [{ mode: 'managed', type: 'docker_container', name: 'x', instances }],
  };
}

export function topologyOf(environment: Environment): Topology {
  return declare({ environment, site: UNPREPARED_SITE }).topology;
}
