import type { Problem } from '../../constructs/core/platform-error.js';
import type { LogFlavour } from '../../constructs/logging/model.js';
import type { ExcludedPorts } from '../preflight/excluded-ports.js';
import type { HostPort } from '../preflight/host-ports.js';
import type { UsedRange } from '../preflight/routes.js';
import type { DeploymentTrace } from './traces.js';
import type { LineEnds } from './line-ends.js';
import type { FileChanges } from './file-changes.js';
import type { Defender } from './readings/defender.js';
import type { WslConfig } from './readings/wslconfig.js';
import type { WslDistribution } from './readings/wsl-list.js';
import type { Stray } from './strays.js';
import type { TlsLook } from './tls-look.js';

/** Something that was looked at, or why it could not be. */
export type Attempt<T> = { readonly value: T } | { readonly error: string };

/** What is known of the machine when a start begins, at the price of one question to the engine. Plain data, as Facts. */
export interface StartFacts {
  readonly os: NodeJS.Platform;
  /** Folder of the checkout, with all links followed. */
  readonly project: string;
  /** Of the disk that it is on; undefined where that does not say. */
  readonly freeDiskBytes: number | undefined;
  readonly engine: Attempt<EngineFacts>;
  /** Of the engine's kernel, by name: `vm.overcommit_memory`. Undefined where nobody could look. */
  readonly kernel: Readonly<Record<string, number>> | undefined;
  /** How many files a container may have open at most. Undefined where nobody could look. */
  readonly openFiles: number | undefined;
  readonly declared: DeclaredFacts;
}

/** What the deployment asks for. */
export interface DeclaredFacts {
  /** Sum of all containers' memory limits. */
  readonly memoryBytes: number;
  /** Sum of all containers' processors. */
  readonly cpus: number;
  /** The container that wants most of them. */
  readonly largest: { readonly service: string; readonly cpus: number };
  /** What data and logs may grow to. */
  readonly diskBytes: number;
  /** Its log stack. */
  readonly logs: LogFlavour | 'off';
}

/** What is known of the machine. Plain data, so that checks are tested with machines that are not here. */
export interface Facts extends StartFacts {
  /** Of Node: `x64`, `arm64`. */
  readonly arch: string;
  /** Of the processor, as the system calls it. */
  readonly processor: string;
  /** Of Windows, its kernel's: `10.0.22631`; of macOS, the one that people say: `14.6.1`. Empty elsewhere. */
  readonly osVersion: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a file that a variable names is there. */
  readonly fileExists: (path: string) => boolean;
  readonly node: string;
  readonly terraform: Attempt<{ readonly binary: string; readonly version: string }>;
  readonly git: Attempt<string>;
  /** Entries of PATH that may not be looked into. */
  readonly closedFolders: readonly string[];
  /** All of this machine's memory, and what of it is available. */
  readonly machineMemory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly tls: Attempt<TlsLook>;
  readonly lineEnds: LineEnds;
  /** The user's, for what all checkouts share. */
  readonly cache: string;
  /** In `.platform` of the checkout. */
  readonly fileChanges: Attempt<FileChanges>;
  /** A file that stands in the place of the provider which was built here, and cannot be one. */
  readonly wrongProvider: string | undefined;
  readonly strays: readonly Stray[];
  /** Undefined elsewhere than on Windows. */
  readonly windows: WindowsFacts | undefined;
  /** Where packets of this machine go; of Linux, `subnets` has looked at them. */
  readonly routes: Attempt<readonly UsedRange[]>;
  readonly baseCidr: string;
  /** What a start would publish that the deployment does not publish yet. */
  readonly wantedPorts: readonly HostPort[];
  /** What the checks before a start say, by what they look at. */
  readonly start: Attempt<Readonly<Record<'owner' | 'ports' | 'subnets' | 'memory', readonly Problem[]>>>;
  /** What an interrupted run left on the engine. */
  readonly leftovers: Attempt<readonly string[]>;
  /** All deployments of this checkout, on this engine. */
  readonly deployments: Attempt<readonly DeploymentTrace[]>;
}

export interface WindowsFacts {
  readonly excludedPorts: Attempt<readonly ExcludedPorts[]>;
  readonly wsl: Attempt<readonly WslDistribution[]>;
  /** Undefined where there is no such file. */
  readonly wslConfig: WslConfig | undefined;
  /** PowerShell's: `Restricted`, `RemoteSigned`. */
  readonly executionPolicy: Attempt<string>;
  readonly defender: Attempt<Defender>;
}

export interface EngineFacts {
  readonly version: string;
  readonly host: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly isolatedGateways: boolean;
  /** Engine's clock minus ours. */
  readonly clockAheadMs: number;
  /** E.g. `Docker Desktop`, `Debian GNU/Linux 12`. */
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  /** E.g. `overlay2`, `containerd image store`. */
  readonly storage: string;
  readonly cgroupVersion: string;
  readonly rootless: boolean;
  /** Limits that it cannot set: `memory`, `swap`, `processors`. */
  readonly missingLimits: readonly string[];
  /** Where images and volumes are; undefined where that is not on a disk of this machine that we know. */
  readonly freeDiskBytes: number | undefined;
}

/** Whose kernel containers run on, which decides how it is set. */
export type Home = 'linux' | 'wsl' | 'virtual machine' | 'another machine';

export function homeOf({ host, kernelVersion, operatingSystem }: EngineFacts, os: NodeJS.Platform): Home {
  if (!/^(unix|npipe):/.test(host)) return 'another machine';
  if (/microsoft/i.test(kernelVersion)) return 'wsl';
  return os === 'linux' && !/docker desktop/i.test(operatingSystem) ? 'linux' : 'virtual machine';
}
