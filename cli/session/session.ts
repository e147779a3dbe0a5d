import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import type { Engine } from '../engine/engine.js';
import type { ForcedSources, Sources } from '../bootstrap/registries.mjs';
import type { Terraform } from '../terraform/terraform.js';
import type { BuiltProvider } from '../bootstrap/provider.mjs';

/** What bootstrap.mjs began before this program could run. */
export interface Early {
  readonly provider?: Promise<BuiltProvider | undefined>;
  /** Ends it. */
  readonly abort?: AbortController;
}

/** What every command that prepares the machine takes. */
export interface PrepareOptions {
  readonly images?: ForcedSources['images'] | false;
  readonly provider?: ForcedSources['provider'];
  /** Whether an engine may be installed or started. */
  readonly install?: boolean;
  /** Refuse images that are not in the lock as they are. @default false */
  readonly frozen?: boolean;
  readonly verbose?: boolean;
  readonly early?: Early;
}

/** One command at work on one deployment, on a machine that is ready. */
export interface Session<Options extends PrepareOptions = PrepareOptions> {
  readonly context: Context;
  readonly options: Options;
  readonly engine: Engine;
  readonly terraform: Terraform;
  /** With the instance's allocation in it, where there is one. */
  readonly site: Site;
  readonly sources: Sources;
  /** What the containers are made of, by the names that the engine knows. */
  readonly images: readonly string[];
}

/** The same, once it is known what is wanted, and written where Terraform reads it. */
export interface DeclaredSession<Options extends PrepareOptions = PrepareOptions> extends Session<Options> {
  readonly topology: Topology;
}
