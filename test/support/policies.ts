import { discoverPolicies } from '../../policies/judge/discover.js';
import { type Broken, judge, type Verdict } from '../../policies/judge/judge.js';
import type { NamedPolicy } from '../../policies/judge/policy.js';
import { subjectFromPlan, subjectFromProgram } from '../../policies/judge/resources.js';
import type { Topology } from '../../constructs/core/topology.js';
import { prod } from '../../environments/prod.js';
import { type Change, DAY, synth } from './synth.js';

/** A program that a test may change as overrides do. */
export interface Draft {
  readonly resource: Record<string, Record<string, Record<string, unknown>>>;
  [section: string]: unknown;
}

/** `prod`, where every policy holds, with a change of its declaration and then one past all constructs. */
export function draftOf(given: Change = {}): { topology: Topology; program: Draft } {
  const key = JSON.stringify(given);
  const { text, topology } = made.get(key) ?? synth(given, { environment: prod, policies: 'ignore' });
  made.set(key, { text, topology });
  return { topology: structuredClone(topology), program: JSON.parse(text) as Draft };
}

const made = new Map<string, { text: string; topology: Topology }>();

/** What all policies say, of the program and of the plan that Terraform makes of it. */
export function judged(
  { topology, program }: { topology: Topology; program: Draft },
  policies: readonly NamedPolicy[] = discoverPolicies(),
): { program: Verdict; plan: Verdict } {
  return {
    program: judge(subjectFromProgram(topology, program), policies, DAY),
    plan: judge(subjectFromPlan(topology, planOf(program)), policies, DAY),
  };
}

export function line({ policy, subject, what }: Broken): string {
  return `${policy}: ${subject}: ${what}`;
}

/** As `terraform show -json` writes a plan: blocks as lists, nulls for what was left out, references and escapes gone. */
function planOf({ resource }: Draft): unknown {
  const resources = Object.entries(resource).flatMap(([type, all]) =>
    Object.entries(all).map(([name, values]) => {
      const given = Object.entries(values).map(([key, value]) => [key, planned(value, resource, key)]);
      const left = type === 'docker_container' ? LEFT_OUT : {};
      return { mode: 'managed', type, name, values: { ...left, ...(Object.fromEntries(given) as object) } };
    }),
  );
  return { format_version: '1.2', planned_values: { root_module: { resources } } };
}

/** What the provider adds to a container that does not say it (4.6.0). */
const LEFT_OUT = {
  privileged: null,
  publish_all_ports: null,
  read_only: false,
  network_mode: 'bridge',
  pid_mode: null,
  user: null,
  mounts: [],
  devices: [],
  group_add: null,
};
const BLOCKS = new Set(['capabilities', 'healthcheck']);

function planned(value: unknown, resources: Draft['resource'], key = ''): unknown {
  if (typeof value === 'string') {
    const reference = /^\$\{docker_network\.([\w-]+)\.name\}$/.exec(value)?.[1];
    if (reference !== undefined) return resources['docker_network']?.[reference]?.['name'];
    return value.replaceAll(/([$%])\1(?=\{)/g, '$1');
  }
  if (Array.isArray(value)) return value.map((one) => planned(one, resources));
  if (typeof value !== 'object' || value === null) return value;
  const record = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, planned(one, resources)]));
  return BLOCKS.has(key) ? [record] : record;
}
