import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { policyFiles } from './files.js';
import type { NamedPolicy, Policy } from './policy.js';

/**
 * Every policy of the project, ordered by id.
 * @throws PlatformError with all files of `policies/` that hold none
 */
export function discoverPolicies(files: Readonly<Record<string, unknown>> = policyFiles): NamedPolicy[] {
  const ids = Object.keys(files).sort();
  const problems = ids.flatMap((id) => problemsIn(id, files[id]));
  if (problems.length > 0) throw PlatformError.all(problems);
  return ids.map((id) => ({ ...(files[id] as Policy), id }));
}

/** tsc says it too, but bundles are made without it. */
function problemsIn(id: string, exported: unknown): Problem[] {
  const policy = (typeof exported === 'object' && exported !== null ? exported : {}) as Partial<Policy>;
  const missing = [
    ...(['why', 'fix'] as const).filter((key) => typeof policy[key] !== 'string' || policy[key].trim() === ''),
    ...(typeof policy.judge === 'function' ? [] : ['judge']),
  ];
  const problem = {
    allowed: 'export default { why, fix, judge } satisfies Policy',
    fix: 'docs/policies.md has an example.',
  };
  return [
    ...(/^[a-z][a-z0-9-]*$/.test(id)
      ? []
      : [{ what: `policies/${id}.ts has a name that cannot be an id`, ...problem, allowed: 'a-z, 0-9 and -' }]),
    ...(missing.length === 0
      ? []
      : [{ what: `policies/${id}.ts is not a policy`, got: `no ${missing.join(', no ')}`, ...problem }]),
  ];
}
