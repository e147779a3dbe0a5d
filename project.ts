import { defineProject } from './cli/project.js';
import { environments } from './environments/index.js';

/** What this folder deploys: the only place where the CLI meets environments, stack and policies. */
export const project = defineProject({
  folder: process.cwd(),
  environments: Object.values(environments),
  stack: async () => (await import('./stacks/platform-stack.js')).PlatformStack,
  policies: async () => (await import('./policies/judge/discover.js')).discoverPolicies(),
});
