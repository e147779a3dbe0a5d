import type { Construct } from 'constructs';
import type { Deployment } from '../constructs/core/deployment.js';
import { PlatformError, type Problem } from '../constructs/core/platform-error.js';
import type { PlatformBase } from '../constructs/platform-base.js';
import type { Environment, EnvironmentInput } from '../environments/schema.js';
import type { MachineFacts } from '../environments/site.js';
import type { NamedPolicy } from '../policies/judge/policy.js';

/** All that the CLI knows of what it deploys. */
export interface Project {
  /** Of the checkout, absolute: with `images/`, `images.lock.json` and what the CLI writes, `.platform` and `cdktf.out`. */
  readonly folder: string;
  /** As they are written; each is checked when a command needs it. Every one has a name of its own. */
  readonly environments: readonly EnvironmentInput[];
  /** Loads the stack that each environment is declared with. Late, as loading cdktf takes longer than most commands. */
  readonly stack: () => Promise<StackClass>;
  /** Loads what every declaration is judged by. */
  readonly policies: () => Promise<readonly NamedPolicy[]>;
}

/** A stack that an environment can be declared with: `new PlatformStack(app, deployment, environment, machine)`. */
export type StackClass = new (
  scope: Construct,
  deployment: Deployment,
  environment: Environment,
  machine: MachineFacts,
) => PlatformBase;

/**
 * The same, once it is sure that every environment can be told by its name.
 * @throws PlatformError with all problems: no environment at all, or several of one name
 */
export function defineProject(project: Project): Project {
  const problems = problemsOf(project.environments.map(({ name }) => name));
  if (problems.length > 0) throw PlatformError.all(problems);
  return project;
}

function problemsOf(names: readonly string[]): Problem[] {
  if (names.length === 0) {
    return [
      {
        what: 'the project has no environments',
        got: 'none',
        allowed: 'one or more, each with a name of its own',
        fix: 'Add one to environments/index.ts.',
      },
    ];
  }
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return repeated.map((repeats) => ({
    what: `the project has ${names.filter((name) => name === repeats).length} environments of one name`,
    got: repeats,
    allowed: 'a name of its own for each environment',
    fix: 'Rename all but one of them.',
  }));
}
