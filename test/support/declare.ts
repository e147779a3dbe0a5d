import { type Declaration, type DeclareOptions, synthesize } from '../../cli/synth/declare.js';
import { discoverPolicies } from '../../policies/judge/discover.js';
import { PlatformStack } from '../../stacks/platform-stack.js';

/** What an environment of this project comes to, at once: tests have loaded all of it. */
export function declare(options: DeclareOptions): Declaration {
  return synthesize({ stack: PlatformStack, policies: discoverPolicies() }, options);
}
