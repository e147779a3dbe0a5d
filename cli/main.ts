import { Command, CommanderError, Option } from 'commander';
import { processEnv } from '../environments/process-env.js';
import type { BackupOptions } from './commands/backup.js';
import type { DestroyOptions } from './commands/destroy.js';
import type { DiagramCommandOptions } from './commands/diagram.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { ExportOptions } from './commands/export.js';
import type { LogsOptions } from './commands/logs.js';
import type { LockOptions } from './commands/lock.js';
import { AWAITED, EXPORTS, FORMATS } from './terminal/choices.js';
import { CLIENTS } from './clients/index.js';
import type { OutputsOptions } from './commands/outputs.js';
import type { PoliciesOptions } from './commands/policies.js';
import type { RestoreOptions } from './commands/restore.js';
import type { SbomOptions } from './commands/sbom.js';
import type { ReviewOptions } from './commands/review.js';
import type { StatusOptions } from './commands/status.js';
import type { TestOptions } from './commands/test.js';
import type { WaitOptions } from './commands/wait.js';
import { type Context, createContext } from './context.js';
import type { Project } from './project.js';
import { type LockingOptions, withDeployment } from './deployment/lock.js';
import { addLogsOptions } from './logs/options.js';
import { ENGINE_VERSIONS } from './engine/private-engine/root.js';
import { WINDOWS_NODES } from './test/wine.js';
import { handleInterruptions, Interrupted, say, unlessInterrupted } from './bootstrap/interruption.mjs';
import { isUserError } from './bootstrap/programs.mjs';
import { refuseSwallowedOptions } from './terminal/swallowed-options.js';
import type { Early, PrepareOptions } from './session/session.js';
import { LEVEL_MEANINGS, LEVELS } from './review/level.js';

const REVIEW_HELP = `
Levels, most dangerous first:
${LEVELS.map((level) => `  ${level.padEnd(14)}${LEVEL_MEANINGS[level]}`).join('\n')}

Exit codes:
  0  reviewed; nothing at or above --fail-on
  1  findings at or above --fail-on
  2  it could not be reviewed`;

const DOCTOR_HELP = `
Signs, and levels in JSON: ✔ ok, ! note (a start works), ✖ bad (it would not), ? unknown (nobody could look).

Exit codes:
  0  a start can be expected to work
  1  something would stop it, or doctor itself could not run`;

/** What commander makes of the options; each command gives its own. */
type Options = { readonly env?: string; readonly instance?: string } & StatusOptions &
  OutputsOptions &
  LogsOptions &
  PoliciesOptions &
  TestOptions &
  LockingOptions &
  DestroyOptions &
  DoctorOptions &
  WaitOptions &
  DiagramCommandOptions &
  ExportOptions &
  LockOptions &
  SbomOptions &
  BackupOptions &
  RestoreOptions &
  ReviewOptions;

/**
 * Runs one command on a project.
 * @param argv without the program's name
 * @param early what bootstrap.mjs began while dependencies were installed
 * @returns the exit code; errors that the user can fix are printed, others come with their stack
 */
export async function run(project: Project, argv: readonly string[], early: Early = {}): Promise<number> {
  let exitCode = 0;
  const program = createProgram(project, early, (code) => {
    exitCode = code;
  });
  try {
    refuseSwallowedOptions(program, argv, processEnv);
    await unlessInterrupted(program.parseAsync([...argv], { from: 'user' }), UNWIND_MS);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof Interrupted) leave(error);
    const debug = processEnv['DEBUG'] !== undefined;
    console.error(isUserError(error) && !debug ? `\nError: ${error.message}` : error);
    return 1;
  }
  return exitCode;
}

/** For the steps that are shown to be drawn to their end. */
const UNWIND_MS = 300;

/** At once: connections and timers of what was given up would hold the process. */
function leave({ exitCode }: Interrupted): never {
  say('Interrupted. What was done is kept: run the command again to go on, or another one.');
  process.exit(exitCode);
}

function createProgram(project: Project, early: Early, exit: (code: number) => void): Command {
  const program = new Command('npm run')
    .description('A production-like Redis + API + proxy platform on your Docker engine.')
    .usage('<command> -- [options]')
    .exitOverride()
    .showHelpAfterError()
    .addHelpText('after', '\nnpm passes options on behind two dashes: npm run status -- --json');

  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .option('--env <name>', 'the environment (default: PLATFORM_ENV, else dev)')
      .option('--instance <name>', 'another copy of it, with its own names, subnets and ports');
  const preparing = (name: string, description: string) =>
    command(name, description)
      .addOption(new Option('--images <way>', 'where images come from').choices(['pull', 'build', 'auto']))
      .addOption(
        new Option('--provider <way>', 'where the Terraform provider comes from').choices([
          'registry',
          'build',
          'auto',
        ]),
      )
      .option('--no-install', 'never install or start a Docker engine')
      .option('--verbose', 'show what builds and Terraform print');
  const deploying = (name: string, description: string) =>
    preparing(name, description).option('--frozen', 'refuse images that images.lock.json does not have as they are');
  const keeping = (target: Command) =>
    target.option('--output <file>', "into a file, in UTF-8, which PowerShell's > does not write (default: stdout)");
  const on = (target: Command, act: (options: Options) => Promise<number>) =>
    target.action(async (options: Options) => {
      exit(await act(options));
    });
  /** Of commands that change a deployment or write its program: one at a time, and ended in good order. */
  const alone = (target: Command, act: (context: Context, options: Options & PrepareOptions) => Promise<number>) =>
    on(target.option('--no-wait', 'end at once if another command works on the deployment'), (options) => {
      handleInterruptions();
      const context = createContext(project, options);
      return withDeployment(context, `npm run ${target.name()}`, options, () => act(context, { ...options, early }));
    });

  alone(
    deploying('start', 'prepare the machine and bring the platform up; nothing to do takes a second').option(
      '--yes',
      'do not ask before a change that cannot be made one by one, for which everything stops',
    ),
    async (context, options) => {
      const { sayIfUp } = await import('./start/up-to-date.js');
      if (!options.frozen && (await sayIfUp(context))) return 0;
      return (await import('./commands/start.js')).startCommand(context, options);
    },
  );
  on(
    deploying('test', 'offline tests, then deploy the test environment, test it, remove it')
      .option('--offline', 'only what needs no engine')
      .option('--require-engine', 'fail where no engine can be had, instead of skipping the deployed tests')
      .option('--keep', 'leave the test environment running')
      .option('--only <pattern>', 'only deployed tests whose file matches')
      .option('--bench', 'measure how long failovers take, instead of testing')
      .option('--rerun-failed', 'run Go tests and deployed files that failed once more; a lost write stands')
      .addOption(
        new Option('--engine <version>', 'deploy on an engine of this version, started for it (Linux, as root)')
          .choices(ENGINE_VERSIONS)
          .conflicts(['instance', 'keep', 'offline']),
      )
      .addOption(
        new Option(
          '--windows [node]',
          'only the offline tests, on this Node.js for Windows, under Wine (Linux, as root)',
        )
          .choices(WINDOWS_NODES)
          .preset('22')
          .conflicts(['instance', 'keep', 'bench', 'engine']),
      )
      .option('--no-wait', 'end at once if another command works on the deployment'),
    async (options) => {
      handleInterruptions();
      return (await import('./commands/test.js')).testCommand(project, { ...options, early });
    },
  );
  alone(
    keeping(deploying('plan', 'show what would change; exit code 0: nothing, 2: changes, 1: error')),
    async (context, options) => (await import('./commands/plan.js')).planCommand(context, options),
  );
  alone(
    deploying('prepare-machine', 'engine, images and provider, so that `npx cdktf deploy` works'),
    async (context, options) => (await import('./commands/prepare-machine.js')).prepareMachineCommand(context, options),
  );
  on(
    keeping(command('status', 'who is master, who lags, what is unwell; exit code 0 only if all is well'))
      .option('--json', 'as JSON')
      .option('--follow', 'go on, until Ctrl-C'),
    async (options) => (await import('./commands/status.js')).statusCommand(createContext(project, options), options),
  );
  on(
    command('wait', 'return when the deployment is ready; exit code 0: it is, 1: not in time')
      .addOption(
        new Option('--for <what>', '`clients`: what clients need; `all`: logs too').choices(AWAITED).default('all'),
      )
      .option('--timeout <duration>', "e.g. '90s' or '5min'", '60s'),
    async (options) => (await import('./commands/wait.js')).waitCommand(createContext(project, options), options),
  );
  on(
    keeping(command('doctor', 'what of this machine would stop a start or weaken a promise, and the fix'))
      .option('--json', 'as JSON')
      .option('--fix', 'put right what holds no data and is of this checkout alone, and say what that was')
      .addHelpText('after', DOCTOR_HELP),
    async (options) => (await import('./commands/doctor.js')).doctorCommand(createContext(project, options), options),
  );
  on(
    keeping(command('outputs', 'where to connect'))
      .option('--json', 'as JSON')
      .option('--client <name>', `code that connects a client library: ${CLIENTS.map(({ name }) => name).join(', ')}`)
      .option('--show-secrets', 'with passwords'),
    async (options) => (await import('./commands/outputs.js')).outputsCommand(createContext(project, options), options),
  );
  on(
    addLogsOptions(
      keeping(command('logs', 'search the logs of all services; exit code like grep: 0 found, 1 nothing, 2 error')),
    ),
    async (options) => (await import('./commands/logs.js')).logsCommand(createContext(project, options), options),
  );
  on(
    keeping(command('diagram', 'draw what the environment declares; needs no engine'))
      .addOption(new Option('--format <format>', "default: the output file's ending, else mermaid").choices(FORMATS))
      .addOption(
        new Option('--theme <theme>', 'of an SVG; `both` follows the reader').choices(['light', 'dark', 'both']),
      )
      .option('--open', 'show the SVG in the browser')
      .option('--readme', "renew the README's pictures"),
    async (options) => (await import('./commands/diagram.js')).diagramCommand(createContext(project, options), options),
  );
  alone(
    command('export', 'write the deployment for another tool than Terraform; needs no engine')
      .option('--to <tool>', `one of: ${EXPORTS.join(', ')}`)
      .option('--output <file>', 'what the tool reads; a folder with what it refers to is made beside it')
      .option('--force', 'replace files that this command did not write, or that were changed since')
      .option('--json', 'say in JSON what was written'),
    async (context, options) => (await import('./commands/export.js')).exportCommand(context, options),
  );
  on(
    program
      .command('lock')
      .description('record which images exactly are run, in images.lock.json')
      .exitOverride()
      .option('--check', 'only compare; exit code 0 if it fits what is declared, else 1')
      .option('--update', 'ask registries again what tags mean that are locked already'),
    async (options) => (await import('./commands/lock.js')).lockCommand(project, options),
  );
  on(
    command('sbom', 'record what the images consist of that are built here').option(
      '--output <folder>',
      'default: .platform/sbom',
    ),
    async (options) => (await import('./commands/sbom.js')).sbomCommand(createContext(project, options), options),
  );
  on(
    keeping(program.command('policies'))
      .description('which policies there are, what breaks them, and who may; exit code 0 only if nothing does')
      .exitOverride()
      .option('--env <name>', 'only this environment (default: PLATFORM_ENV, else every one)')
      .option('--on <day>', 'as if it were this day, e.g. 2027-03-31')
      .option('--json', 'as JSON'),
    async (options) => (await import('./commands/policies.js')).policiesCommand(project, options),
  );
  on(
    command('backup', 'write all data to one file, while writes go on; it holds what was confirmed before')
      .option('--output <file>', 'default: .platform/backups/DEPLOYMENT/TIME.tar')
      .option('--force', 'replace the file if it is there')
      .addOption(
        new Option('--list', 'show those that were taken on schedule instead').conflicts(['fetch', 'output', 'force']),
      )
      .option('--fetch <name>', 'write one that was taken on schedule instead: its name, or `latest`')
      .option('--json', 'as JSON'),
    async (options) => {
      handleInterruptions();
      return (await import('./commands/backup.js')).backupCommand(createContext(project, options), options);
    },
  );
  alone(
    command('restore', 'put a backup in the place of all data, after a question where there is any')
      .requiredOption('--from <file>', 'what `npm run backup` has written')
      .option('--yes', 'do not ask')
      .option('--json', 'as JSON; asks nothing'),
    async (context, options) => (await import('./commands/restore.js')).restoreCommand(context, options),
  );
  alone(preparing('down', 'remove containers and networks; data stays'), async (context, options) =>
    (await import('./commands/down.js')).downCommand(context, options),
  );
  alone(
    preparing('destroy', 'remove the deployment, after a question')
      .option('--delete-data', 'its data and secrets too, for good')
      .option('--yes', 'do not ask'),
    async (context, options) => (await import('./commands/destroy.js')).destroyCommand(context, options),
  );
  on(
    keeping(program.command('review'))
      .description('what a change does to what is deployed, compared with another commit; needs no engine')
      .requiredOption('--base <ref>', 'the branch, tag or commit to compare the working tree with')
      .option('--env <name>', 'one environment (default: every one)')
      .addOption(new Option('--format <format>', 'md fits one comment').choices(['text', 'md', 'json']).default('text'))
      .addOption(
        new Option('--fail-on <level>', 'exit with 1 if there is a finding of this level or above').choices(LEVELS),
      )
      .option(
        '--plan [file]',
        "join Terraform's plan for the deployment here, or one from a file (terraform show -json)",
      )
      .exitOverride((error) => {
        throw new CommanderError(error.exitCode === 0 ? 0 : 2, error.code, error.message);
      })
      .addHelpText('after', REVIEW_HELP),
    async (options) => (await import('./commands/review.js')).reviewCommand(project, { ...options, early }),
  );
  program
    .command('stop-engine', { hidden: true })
    .description('stop the Docker engine that a command started')
    .action(async () => {
      const { stopStartedEngine } = await import('./engine/install.js');
      console.log((await stopStartedEngine()) ? 'The engine is stopped.' : 'No engine was started from here.');
    });
  return program;
}
