import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';

/** What a plan does to one resource of the deployment. */
export interface Change {
  /** As Terraform's `-target` takes it: `docker_container.redis-node-0`. */
  readonly address: string;
  readonly action: 'create' | 'update' | 'replace' | 'delete';
  readonly kind: 'container' | 'seeder' | 'network' | 'other';
  /** Name on the engine; empty where the resource has none. */
  readonly name: string;
  /** Of containers and seeders. */
  readonly service: string;
  /** Short name of a container, e.g. `redis-0`. */
  readonly instance: string;
  /** Of a seeder: the text of a secret file is another one. Old and new do not accept each other's passwords. */
  readonly secretsDiffer: boolean;
}

const uploads = z
  .array(z.looseObject({ file: z.string(), source_hash: z.string().nullish() }))
  .optional()
  .catch(undefined);
const values = z.looseObject({
  name: z.string().optional().catch(undefined),
  hostname: z.string().optional().catch(undefined),
  labels: z
    .array(z.looseObject({ label: z.string(), value: z.string() }))
    .optional()
    .catch(undefined),
  upload: uploads,
});
const plan = z.looseObject({
  resource_changes: z
    .array(
      z.looseObject({
        address: z.string(),
        type: z.string(),
        mode: z.string().optional(),
        change: z.looseObject({
          actions: z.array(z.string()),
          before: values.nullish(),
          after: values.nullish(),
        }),
      }),
    )
    .default([]),
});

/**
 * Reads what `terraform show -json PLANFILE` says (format 1.x). What stays as it is, is left out.
 * @throws PlatformError if it is anything else
 */
export function readChanges(json: unknown): Change[] {
  const parsed = plan.safeParse(json);
  if (!parsed.success) {
    throw new PlatformError(
      {
        what: 'the Terraform plan cannot be read',
        got: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0] ?? 'something else',
        allowed: 'what `terraform show -json PLANFILE` prints (format 1.x)',
        fix: 'Use a Terraform version that README.md names.',
      },
      { cause: parsed.error },
    );
  }
  return parsed.data.resource_changes.flatMap(({ address, type, mode, change }): Change[] => {
    const action = actionOf(change.actions);
    if (action === undefined || mode === 'data') return [];
    // What is removed has no after; a container that is only made now has no before.
    const { name = '', hostname = '', labels = [] } = change.after ?? change.before ?? {};
    const label = (wanted: string) => labels.find((one) => one.label === `redis-platform.${wanted}`)?.value;
    const container = label('role') === 'seeder' ? 'seeder' : 'container';
    const kind = { docker_container: container, docker_network: 'network' }[type] ?? 'other';
    return [
      {
        address,
        action,
        kind: kind as Change['kind'],
        name,
        service: label('service') ?? '',
        instance: hostname,
        secretsDiffer: secretsDiffer(change.before?.upload, change.after?.upload),
      },
    ];
  });
}

function actionOf(actions: readonly string[]): Change['action'] | undefined {
  const has = (action: string) => actions.includes(action);
  if (has('delete') && has('create')) return 'replace';
  if (has('create')) return 'create';
  if (has('delete') || has('forget')) return 'delete';
  return has('update') ? 'update' : undefined;
}

function secretsDiffer(before: z.output<typeof uploads>, after: z.output<typeof uploads>): boolean {
  return (before ?? []).some(({ file, source_hash: hash }) => {
    const now = after?.find((one) => one.file === file)?.source_hash;
    return (hash ?? '') !== '' && (now ?? '') !== '' && hash !== now;
  });
}
