import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { TOPOLOGY_VERSION } from '../../constructs/core/topology-version.js';
import { checkTopology, isEarlier } from '../../constructs/models.js';

/** A container as Terraform gets it: its attributes by name. */
export type Resource = Readonly<Record<string, unknown>>;

/** Everything that one side of a review declares for one environment. */
export interface Declaration {
  readonly topology: Topology;
  /** By Terraform's name of the resource, e.g. `redis-node-0`. */
  readonly containers: Readonly<Record<string, Resource>>;
  readonly networks: Readonly<Record<string, Resource>>;
  /** Version of the Docker provider. */
  readonly provider: string;
}

/** What is relied on; fields that other versions of this project add are welcome. */
const topology = z.looseObject({
  formatVersion: z.number(),
  environment: z.string(),
  baseCidr: z.string(),
  networks: z.array(z.looseObject({ name: z.string(), subnet: z.string(), internal: z.boolean() })),
  services: z.array(
    z.looseObject({
      name: z.string(),
      path: z.string(),
      image: z.looseObject({ kind: z.string(), from: z.string(), reference: z.string() }),
      instances: z.array(
        z.looseObject({
          name: z.string(),
          container: z.string(),
          // Versions without shared volumes did not say.
          volumes: z.array(z.looseObject({ readOnly: z.boolean().default(false) })),
        }),
      ),
      endpoints: z.array(z.looseObject({ name: z.string(), port: z.number() })),
      limits: z.looseObject({ memory: z.string(), cpus: z.number() }),
      files: z.array(z.looseObject({ path: z.string(), text: z.string() })),
    }),
  ),
  allowed: z.array(z.looseObject({ from: z.string(), to: z.string() })),
  // Earlier versions began without these two.
  exceptions: z.array(z.looseObject({ policy: z.string(), subject: z.string() })).default([]),
  grants: z.array(z.looseObject({ client: z.string(), kind: z.string(), target: z.string() })).default([]),
  published: z.array(z.looseObject({ name: z.string(), hostPort: z.number() })),
  secrets: z.array(z.string()),
});
const resources = z.record(z.string(), z.record(z.string(), z.unknown()));
const program = z.object({
  resource: z.looseObject({ docker_container: resources.default({}), docker_network: resources.default({}) }),
  terraform: z
    .object({
      required_providers: z.record(z.string(), z.looseObject({ source: z.string(), version: z.string().optional() })),
    })
    .optional(),
});

/**
 * Reads what a synth wrote.
 * @param folder with `topology.json` and `cdk.tf.json`
 * @param side how to call it in messages
 * @throws PlatformError if it is not there or not understood
 */
export function readDeclaration(folder: string, side: string): Declaration {
  const [declared, given] = [read(folder, 'topology.json', side), read(folder, 'cdk.tf.json', side)];
  return declarationOf({ topology: declared, program: given }, side);
}

/**
 * What counts of a declaration.
 * @param side how to call it in messages
 * @throws PlatformError if it is not understood
 */
export function declarationOf(
  made: { readonly topology: unknown; readonly program: unknown },
  side: string,
): Declaration {
  const written = understood(made.topology, 'topology.json', topology, side);
  const { resource, terraform } = understood(made.program, 'cdk.tf.json', program, side);
  return {
    topology: described(written, side),
    containers: resource.docker_container,
    networks: resource.docker_network,
    provider: Object.values(terraform?.required_providers ?? {})
      .filter(({ source }) => source.endsWith('/docker'))
      .map(({ source, version = 'any' }) => `${source} ${version}`)
      .join(', '),
  };
}

/** One of an earlier version is compared by what else it says, and by the text of its files. */
function described(written: object, side: string): Topology {
  if (isEarlier(written)) return { ...(written as Topology), models: [] };
  return checkTopology(written, `the topology.json of ${side}`, 'Choose a base that is closer to the working tree.');
}

function read(folder: string, file: string, side: string): unknown {
  const path = join(folder, file);
  if (!existsSync(path)) {
    throw new PlatformError({
      what: `${side} wrote no ${file}`,
      fix: 'Choose a base in which `node bootstrap.mjs synth-app` writes cdktf.out/stacks/<environment>/topology.json.',
    });
  }
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw misunderstood(file, side, cause);
  }
}

function understood<T>(value: unknown, file: string, schema: z.ZodType<T>, side: string): T {
  const { data, error } = schema.safeParse(value);
  if (data === undefined) throw misunderstood(file, side, error);
  return data;
}

function misunderstood(file: string, side: string, cause: unknown): PlatformError {
  const problem = cause instanceof z.ZodError ? cause.issues[0] : undefined;
  return new PlatformError(
    {
      what: `${side} wrote a ${file} that this version does not understand`,
      ...(problem && { got: `${problem.path.join('.')}: ${problem.message}` }),
      allowed: `what versions 1 to ${TOPOLOGY_VERSION} of topology.json has`,
      fix: 'Choose a base that is closer to the working tree.',
    },
    { cause },
  );
}
