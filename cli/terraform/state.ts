import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Context } from '../context.js';

/** What of Terraform's state file the CLI looks at. */
export interface TerraformState {
  /** By name, as `terraform output -json` gives them. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Each thing that Terraform remembers, replaced ones that it has yet to delete included. */
  readonly resources: readonly RecordedResource[];
}

export interface RecordedResource {
  /** E.g. `docker_container`. */
  readonly type: string;
  /** The engine's id. */
  readonly id: string;
  /** On the engine; empty where the type has none. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Named volumes that it writes to. */
  readonly volumes: readonly string[];
}

/** The state's own format, since Terraform 0.12. */
const FORMAT_VERSION = 4;

const Format = z.object({ version: z.number() });

const Label = z.object({ label: z.string(), value: z.string() });
const Volume = z.object({ volume_name: z.string().nullish(), read_only: z.boolean().nullish() });
const Attributes = z.object({
  id: z.string().nullish(),
  name: z.string().nullish(),
  labels: z.array(Label).nullish().catch([]),
  volumes: z.array(Volume).nullish().catch([]),
});
const Resource = z.object({
  type: z.string(),
  instances: z.array(z.object({ attributes: Attributes.nullish() })),
});
const StateFile = z.object({
  outputs: z.record(z.string(), z.object({ value: z.unknown() })).default({}),
  resources: z.array(Resource).default([]),
});

/** Where the state is kept from which the last apply or destroy began. */
export function stateCopyOf(file: string): string {
  return `${file}.copy`;
}

/** Whether it is all that Terraform wrote, in whatever format: it writes in place, so an interrupted one leaves an empty or short file. */
export function isWholeState(text: string): boolean {
  try {
    return Format.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** Terraform may be writing just now: then what it began with. */
function readText(file: string): string {
  const text = readFileSync(file, 'utf8');
  const copy = stateCopyOf(file);
  return isWholeState(text) || !existsSync(copy) ? text : readFileSync(copy, 'utf8');
}

/**
 * @returns undefined where nothing was ever deployed
 * @throws PlatformError if the file is damaged or of another format
 */
export function readTerraformState(file: string): TerraformState | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const json: unknown = JSON.parse(readText(file));
    const { version } = Format.parse(json);
    if (version !== FORMAT_VERSION) throw otherFormat(file, version);
    const { outputs, resources } = StateFile.parse(json);
    return {
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
      resources: resources.flatMap(({ type, instances }) =>
        instances.map(({ attributes }) => describe(type, attributes)),
      ),
    };
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause;
    throw damaged(file, cause);
  }
}

/**
 * The engine's ids of what Terraform remembers.
 * @throws PlatformError as readTerraformState
 */
export function recordedIds({ paths }: Context): ReadonlySet<string> {
  return new Set(readTerraformState(paths.state)?.resources.map(({ id }) => id));
}

function describe(type: string, attributes: z.output<typeof Attributes> | null | undefined): RecordedResource {
  const labels = (attributes?.labels ?? []).map(({ label, value }) => [label, value]);
  return {
    type,
    id: attributes?.id ?? '',
    name: attributes?.name ?? '',
    labels: Object.fromEntries(labels) as Record<string, string>,
    volumes: (attributes?.volumes ?? []).flatMap(({ volume_name, read_only }) =>
      volume_name && read_only !== true ? [volume_name] : [],
    ),
  };
}

function otherFormat(file: string, version: number): PlatformError {
  return new PlatformError({
    what: `the state file ${file} was written by another version of Terraform`,
    got: `state format ${version}`,
    allowed: `state format ${FORMAT_VERSION} (Terraform from 0.12)`,
    fix: 'Use the Terraform version that wrote it. Nothing was changed.',
  });
}

function damaged(file: string, cause: unknown): PlatformError {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return new PlatformError(
    {
      what: `the state file ${file} is damaged`,
      got: cause instanceof z.ZodError ? 'JSON that is no Terraform state' : line,
      allowed: 'what Terraform wrote',
      fix:
        `Copy ${file}.backup over it if that is there. Else delete it: the next \`npm start\` then replaces the ` +
        'containers and networks, and data volumes stay. Nothing was changed.',
    },
    { cause },
  );
}
