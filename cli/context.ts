import { join, resolve } from 'node:path';
import { deploymentName } from '../constructs/core/deployment.js';
import type { Environment } from '../environments/schema.js';
import { select } from '../environments/selection.js';
import type { Project } from './project.js';

/** What a command works on, and where its files are. */
export interface Context {
  readonly project: Project;
  readonly environment: Environment;
  readonly instance: string | undefined;
  /** Environment and instance: `dev`, `dev_alice`. */
  readonly name: string;
  readonly paths: DeploymentPaths;
}

/** Files of one deployment. Everything under .platform is git-ignored. */
export interface DeploymentPaths {
  readonly folder: string;
  /** One file a secret, its name without ending. */
  readonly secrets: string;
  /** Values of secrets that what runs may still use, see `cli/deployment/secrets-in-use.ts`. */
  readonly secretsInUse: string;
  /** Secret files, filled in; Terraform uploads them. */
  readonly files: string;
  readonly state: string;
  /** What was applied last, to tell drift. */
  readonly applied: string;
  /** Names of the data volumes that were ever created: exactly what `destroy --delete-data` removes. */
  readonly volumes: string;
  /** What cdktf calls its output: the folders of all deployments' programs. */
  readonly output: string;
  /** Where Terraform runs: cdk.tf.json and topology.json. */
  readonly stack: string;
}

/** @throws PlatformError for unknown environments and unusable names */
export function createContext(
  project: Project,
  options: { env?: string | undefined; instance?: string | undefined },
): Context {
  const { environment, instance } = select(project.environments, options);
  const name = deploymentName(environment.name, instance);
  return { project, environment, instance, name, paths: deploymentPaths(project.folder, name) };
}

/** Where a deployment's files are, below the folder of the checkout. */
export function deploymentPaths(checkout: string, name: string): DeploymentPaths {
  const folder = join(checkout, '.platform', name);
  const output = resolve(checkout, 'cdktf.out');
  return {
    folder,
    secrets: join(folder, 'secrets'),
    secretsInUse: join(folder, 'secrets-in-use.json'),
    files: join(folder, 'files'),
    state: join(folder, 'terraform.tfstate'),
    applied: join(folder, 'applied.json'),
    volumes: join(folder, 'volumes.json'),
    output,
    stack: join(output, 'stacks', name),
  };
}
