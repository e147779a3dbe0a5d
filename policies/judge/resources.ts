import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { containerFacts, networkFacts, volumeFacts } from './facts.js';
import type { Subject } from './subject.js';
import { asRecord, list, type Values } from './values.js';

/** One resource, as both cdk.tf.json and a plan have it. */
export interface Resource {
  readonly type: string;
  /** In Terraform, e.g. `redis-node-0`. */
  readonly id: string;
  readonly values: Values;
}

/** What is in the engine's hands, and so what there are facts of. */
const READ = new Set(['docker_container', 'docker_network', 'docker_volume']);
/** Parts of a program that make nothing by themselves. */
const HARMLESS = new Set(['//', 'terraform', 'provider', 'output', 'variable', 'locals', 'resource']);

/** @param program cdk.tf.json, with all overrides in it */
export function subjectFromProgram(topology: Topology, program: unknown): Subject {
  const sections = asRecord(program);
  const resources = programResources(program);
  const others = Object.keys(sections).filter((section) => !HARMLESS.has(section));
  const generated = resources.filter(({ values }) => 'dynamic' in values).map(({ type, id }) => `${type}.${id}`);
  return subjectOf(topology, resources, [...others, ...generated]);
}

/** @param program cdk.tf.json, with all overrides in it */
export function programResources(program: unknown): Resource[] {
  return Object.entries(asRecord(asRecord(program)['resource'])).flatMap(([type, all]) =>
    Object.entries(asRecord(all)).flatMap(([id, values]) =>
      list(values).map((one) => ({ type, id, values: unescaped(asRecord(one)) as Values })),
    ),
  );
}

/**
 * @param plan what `terraform show -json` says of it
 * @throws PlatformError if it is none
 */
export function subjectFromPlan(topology: Topology, plan: unknown): Subject {
  const planned = asRecord(asRecord(plan)['planned_values'])['root_module'];
  if (planned === undefined) {
    throw new PlatformError({
      what: 'what Terraform shows is not a plan',
      allowed: '`terraform show -json` of a saved plan, with planned_values',
      fix: 'Run the command again; if it stays so, use the Terraform version that README.md names.',
    });
  }
  return subjectOf(topology, resourcesIn(asRecord(planned)), []);
}

function resourcesIn(module: Values): Resource[] {
  return [
    ...list(module['resources']).flatMap((one) => {
      const { mode, type, name, values } = asRecord(one);
      return mode === 'managed' ? [{ type: String(type), id: String(name), values: asRecord(values) }] : [];
    }),
    ...list(module['child_modules']).flatMap((child) => resourcesIn(asRecord(child))),
  ];
}

function subjectOf(topology: Topology, resources: readonly Resource[], unreadable: readonly string[]): Subject {
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const networkNames = new Map(
    of('docker_network').map(({ id, values }) => [`\${docker_network.${id}.name}`, String(values['name'])]),
  );
  return {
    environment: topology.environment,
    topology,
    containers: of('docker_container').map(({ values }) =>
      containerFacts(values, (name) => networkNames.get(name) ?? name),
    ),
    networks: of('docker_network').map(({ values }) => networkFacts(values)),
    volumes: of('docker_volume').map(({ values }) => volumeFacts(values)),
    unreadable: [
      ...unreadable,
      ...resources.filter(({ type }) => !READ.has(type)).map(({ type, id }) => `${type}.${id}`),
    ].sort(),
  };
}

/** Terraform writes the `${` and `%{` of a text as `$${` and `%%{`. */
function unescaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/([$%])\1(?=\{)/g, '$1');
  if (Array.isArray(value)) return value.map(unescaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unescaped(entry)]));
}
