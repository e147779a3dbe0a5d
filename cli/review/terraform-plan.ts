import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Declaration } from './declaration.js';
import { codes, count, type Finding } from './finding.js';
import type { Outcome } from './judge/replacement.js';

/** What Terraform would do with one resource of a real deployment. */
export interface PlannedChange {
  /** `docker_container.redis-node-0`. */
  readonly address: string;
  readonly action: 'created' | 'replaced' | 'changed in place' | 'removed';
  /** Attributes that force a replacement. */
  readonly because: readonly string[];
}

/** The documented JSON of `terraform show -json` (format 1.x), as far as it is needed. Values are left out: some are secret. */
const plan = z.looseObject({
  format_version: z.string().regex(/^1\./, 'a format that this version does not know'),
  errored: z.boolean().optional(),
  resource_changes: z
    .array(
      z.looseObject({
        address: z.string(),
        mode: z.string().optional(),
        change: z.looseObject({
          actions: z.array(z.enum(['no-op', 'create', 'read', 'update', 'delete', 'forget'])),
          replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
        }),
      }),
    )
    .default([]),
});

/**
 * Reads a plan from a file.
 * @param file in UTF-8, or in UTF-16 as PowerShell's `>` writes it
 * @throws PlatformError if it cannot be read, or is anything else
 */
export function readPlanFile(file: string): PlannedChange[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new PlatformError(
      {
        what: 'the Terraform plan cannot be read',
        got: file,
        allowed: 'a file with what `terraform show -json PLANFILE` printed',
        fix: 'Check its name.',
      },
      { cause },
    );
  }
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return readPlan(bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, ''));
}

/**
 * Reads a plan.
 * @param text what `terraform show -json PLANFILE` printed
 * @throws PlatformError if it is anything else
 */
export function readPlan(text: string): PlannedChange[] {
  const parsed = parse(text);
  if (parsed.errored) {
    throw new PlatformError({
      what: 'the Terraform plan is incomplete',
      got: 'a plan that ended with an error',
      fix: 'Run `npm run plan`: it says what is wrong.',
    });
  }
  return parsed.resource_changes.flatMap(({ address, mode, change }): PlannedChange[] => {
    const { actions, replace_paths: paths = [] } = change;
    const has = (action: (typeof actions)[number]) => actions.includes(action);
    const action =
      has('delete') && has('create')
        ? 'replaced'
        : has('create')
          ? 'created'
          : has('delete') || has('forget')
            ? 'removed'
            : has('update')
              ? 'changed in place'
              : undefined;
    if (action === undefined || mode === 'data') return [];
    return [{ address, action, because: [...new Set(paths.map(([first]) => String(first)))] }];
  });
}

function parse(text: string): z.output<typeof plan> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(text.trim() === '' ? 'an empty text' : 'no JSON', cause);
  }
  const result = plan.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unreadable(issue ? `${issue.path.join('.') || 'the plan'}: ${issue.message}` : 'something else', result.error);
}

function unreadable(got: string, cause: unknown): PlatformError {
  return new PlatformError(
    {
      what: 'the Terraform plan cannot be read',
      got,
      allowed: 'what `terraform show -json PLANFILE` prints (format 1.x)',
      fix: 'Make the plan again: `terraform plan -out=PLANFILE`, then `terraform show -json PLANFILE`.',
    },
    { cause },
  );
}

/** What a real plan adds to what the declarations say: only what they do not explain. */
export function judgePlan(
  planned: readonly PlannedChange[],
  sides: { readonly before: Declaration; readonly after: Declaration },
  expected: readonly Outcome[],
): Finding[] {
  const touched = new Set(expected.map(({ service, instance }) => `${service}/${instance}`));
  const services = new Set(expected.map(({ service }) => service));
  const unexplained = planned.filter(({ address }) => {
    const [type, id = ''] = address.split(/\.(.*)/s);
    if (type !== 'docker_container') return expected.length === 0;
    const owner = ownerOf(sides.after, id) ?? ownerOf(sides.before, id);
    if (!owner) return true;
    return owner.instance === undefined
      ? !services.has(owner.service)
      : !touched.has(`${owner.service}/${owner.instance}`);
  });
  return (['removed', 'replaced', 'changed in place', 'created'] as const).flatMap((action): Finding[] => {
    const mine = unexplained.filter((change) => change.action === action);
    if (mine.length === 0) return [];
    return [
      {
        level: action === 'removed' || action === 'replaced' ? 'availability' : 'other',
        subject: 'deployment',
        what: `the deployment on this machine differs beyond this change: ${count(mine.length, 'resource')} would be ${action}: ${codes(mine.map(({ address }) => address))}`,
        why: 'It was deployed from something else than the base, or changed since: `npm run plan` shows it.',
        cause: {},
      },
    ];
  });
}

/** Whose a container is; without an instance: the one that holds a service's files. */
function ownerOf(
  { topology, containers }: Declaration,
  id: string,
): { service: string; instance: string | undefined } | undefined {
  const name = containers[id]?.['name'];
  if (name === undefined) return undefined;
  for (const { name: service, seeder, instances } of topology.services) {
    const instance = instances.find(({ container }) => container === name)?.name;
    if (instance !== undefined || seeder === name) return { service, instance };
  }
  return undefined;
}
