import { RootConstruct } from 'constructs';
import type { Problem } from '../../core/platform-error.js';
import type { Workload } from '../workload.js';
import { ReadableIds } from './readable-ids.js';
import { renderDocker } from './render.js';

/** What of a program says what runs; the rest is how Terraform works and what it prints. */
const HOW = new Set(['//', 'terraform', 'provider', 'output', 'resource']);

/**
 * What overrides, aspects and resources of a user's own put into a program, past all constructs: another runtime is not told of it.
 * @param program cdk.tf.json, parsed
 */
export function undeclared(workload: Workload, program: Readonly<Record<string, unknown>>): Problem[] {
  const declared = resourcesOf({ resource: resourcesFrom(workload) });
  const found = [...resourcesOf(program)].flatMap(([address, values]) => {
    const expected = declared.get(address);
    if (expected === undefined) return [address];
    const names = [...new Set([...Object.keys(values), ...Object.keys(expected)])];
    // cdktf's own notes say nothing that runs.
    return names
      .filter((name) => name !== '//' && !isSame(values[name], expected[name]))
      .map((name) => `${address}: ${name}`);
  });
  const gone = [...declared.keys()].filter((address) => !resourcesOf(program).has(address));
  const sections = Object.keys(program).filter((section) => !HOW.has(section));
  return [...sections, ...found, ...gone].map((got) => ({
    what: 'the program says what no construct declares, so no other runtime can be told',
    got,
    allowed: 'services with their endpoints, rules, files and volumes',
    fix: 'Declare it with a Service, or leave the override out.',
  }));
}

/** Without an app, which would make a folder for its output. */
class Alone extends ReadableIds {}

function resourcesFrom(workload: Workload): unknown {
  const stack = new Alone(new RootConstruct(), workload.deployment);
  renderDocker(stack, workload);
  return (stack.toTerraform() as { resource?: unknown }).resource;
}

type Values = Readonly<Record<string, unknown>>;

/** By address, e.g. `docker_container.api-0`. */
function resourcesOf({ resource = {} }: { readonly resource?: unknown }): Map<string, Values> {
  const types = Object.entries(resource as Record<string, Record<string, Values>>);
  const all = types.flatMap(([type, named]) =>
    Object.entries(named).map(([id, values]) => [`${type}.${id}`, values] as const),
  );
  return new Map(all);
}

/** The order of keys has no meaning. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, inOrder) === JSON.stringify(other, inOrder);
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
