import { accessSync, constants, existsSync } from 'node:fs';
import { cpus, freemem, homedir, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { processEnv } from '../../environments/process-env.js';
import { readSite, siteFile, UNPREPARED_SITE } from '../../environments/site.js';
import type { Context } from '../context.js';
import { checkEngine } from '../deployment/home-engine.js';
import { connectEngine, type Engine } from '../engine/engine.js';
import { hasCode } from '../bootstrap/lock.mjs';
import { npmRegistry } from '../bootstrap/npm.mjs';
import { cacheFolder } from '../bootstrap/paths.mjs';
import { findProgram, isUserError, runProgram } from '../bootstrap/programs.mjs';
import { findWrongProvider } from '../bootstrap/provider.mjs';
import { findTerraform } from '../bootstrap/terraform.mjs';
import { hostPorts, unpublished } from '../preflight/host-ports.js';
import { baseCidrOf, problemsBeforeStart } from '../preflight/index.js';
import { findLeftovers } from '../preflight/leftovers.js';
import { parseNetstatRoutes, parseRoutePrint, type UsedRange } from '../preflight/routes.js';
import { hostRanges } from '../preflight/subnets.js';
import { declare } from '../synth/declare.js';
import type { Attempt, Facts } from './facts.js';
import { tryFileChanges } from './file-changes.js';
import { gatherStartFacts } from './gather-start.js';
import { gatherWindowsFacts, tried } from './gather-windows.js';
import { lookInside } from './inside.js';
import { lookAtLineEnds } from './line-ends.js';
import { parseSwVers, parseVmStat } from './readings/macos.js';
import { findStrays } from './strays.js';
import { lookAtTls } from './tls-look.js';
import { findTraces } from './traces.js';

const ANSWER_MS = 10_000;

/** Looks at everything once; nothing is changed. */
export async function gatherFacts(context: Context): Promise<Facts> {
  const { folder } = context.project;
  const site = existsSync(siteFile(folder)) ? readSite(folder) : UNPREPARED_SITE;
  const { topology } = await declare(context.project, {
    environment: context.environment,
    instance: context.instance,
    site,
    policies: 'ignore',
  });
  const [machine, connected] = await Promise.all([gatherMachine(folder), attempt(connectEngine)]);
  const onEngine = async <T>(look: (engine: Engine) => Promise<T>): Promise<Attempt<T>> =>
    'value' in connected ? attempt(async () => look(connected.value)) : connected;
  // Another one than the deployment's is asked nothing more.
  const onItsEngine = <T>(look: (engine: Engine) => Promise<T>) =>
    onEngine(async (engine) => {
      checkEngine(context, engine);
      return look(engine);
    });
  const [start, inside, problems, wanted, leftovers, deployments] = await Promise.all([
    gatherStartFacts(folder, connected, topology),
    onItsEngine((engine) => lookInside(engine, topology)),
    onItsEngine((engine) => problemsBeforeStart({ context, engine, site, topology })),
    onItsEngine((engine) => unpublished(context, engine, hostPorts(topology, site))),
    onItsEngine(async (engine) => (await findLeftovers(context, engine)).map(({ kind, name }) => `${kind} ${name}`)),
    onItsEngine((engine) => findTraces(context, engine)),
  ]);
  const seen = 'value' in inside ? inside.value : undefined;
  return {
    ...machine,
    ...start,
    kernel: seen === undefined ? start.kernel : { ...start.kernel, ...seen.kernel },
    openFiles: seen?.openFiles ?? start.openFiles,
    baseCidr: baseCidrOf(site, topology),
    wantedPorts: 'value' in wanted ? wanted.value : hostPorts(topology, site),
    start: problems,
    leftovers,
    deployments,
  };
}

type MachineFacts = Pick<
  Facts,
  | 'arch'
  | 'processor'
  | 'osVersion'
  | 'environment'
  | 'fileExists'
  | 'node'
  | 'terraform'
  | 'git'
  | 'closedFolders'
  | 'machineMemory'
  | 'tls'
  | 'lineEnds'
  | 'cache'
  | 'fileChanges'
  | 'wrongProvider'
  | 'strays'
  | 'windows'
  | 'routes'
>;

async function gatherMachine(project: string): Promise<MachineFacts> {
  const { platform } = process;
  const [terraform, git, osVersion, freeBytes, tls, lineEnds, windows, routes] = await Promise.all([
    attempt(findTerraform),
    tried(async () => (await run(findProgram('git') ?? 'git', ['--version'])).trim()),
    readOsVersion(platform),
    readFreeMemory(platform),
    tried(async () => lookAtTls(await npmRegistry(), processEnv)),
    lookAtLineEnds(project),
    platform === 'win32' ? gatherWindowsFacts(homedir()) : undefined,
    tried(() => readRoutes(platform)),
  ]);
  return {
    arch: process.arch,
    processor: cpus()[0]?.model ?? '',
    osVersion,
    environment: processEnv,
    fileExists: existsSync,
    node: process.versions.node,
    terraform,
    git,
    closedFolders: (processEnv['PATH'] ?? '').split(delimiter).filter(isClosed),
    machineMemory: { totalBytes: totalmem(), freeBytes },
    tls,
    lineEnds,
    cache: cacheFolder(),
    fileChanges: await tried(() => Promise.resolve(tryFileChanges(join(project, '.platform')))),
    wrongProvider: 'value' in terraform ? findWrongProvider(terraform.value.platform) : undefined,
    strays: findStrays(join(project, '.platform')),
    windows,
    routes,
  };
}

/** What a user cannot fix is no finding: it is thrown. */
async function attempt<T>(look: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    if (!isUserError(error) && !(error instanceof PlatformError)) throw error;
    return { error: error.message };
  }
}

function run(program: string, args: readonly string[]): Promise<string> {
  return runProgram(program, args, { timeoutMs: ANSWER_MS });
}

async function readOsVersion(platform: NodeJS.Platform): Promise<string> {
  if (platform === 'win32') return release();
  if (platform !== 'darwin') return '';
  return run('/usr/bin/sw_vers', []).then(
    (text) => parseSwVers(text) ?? '',
    () => '',
  );
}

/** On Linux and Windows Node's own number counts what programs can be given. */
async function readFreeMemory(platform: NodeJS.Platform): Promise<number> {
  if (platform !== 'darwin') return freemem();
  return run('/usr/bin/vm_stat', []).then(
    (text) => parseVmStat(text) ?? freemem(),
    () => freemem(),
  );
}

async function readRoutes(platform: NodeJS.Platform): Promise<UsedRange[]> {
  if (platform === 'win32') return parseRoutePrint(await run('route', ['print', '-4']));
  if (platform === 'darwin') return parseNetstatRoutes(await run('/usr/sbin/netstat', ['-rn', '-f', 'inet']));
  return hostRanges(platform);
}

/** There, and not to be looked into: programs are not found in it. */
function isClosed(folder: string): boolean {
  try {
    accessSync(folder.replace(/^"(.*)"$/, '$1'), constants.R_OK | constants.X_OK);
    return false;
  } catch (error) {
    return hasCode(error, 'EACCES') || hasCode(error, 'EPERM');
  }
}
