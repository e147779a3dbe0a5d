import { Command, CommanderError, Option } from 'commander';
import { processEnv } from '../environments/process-env.js';
import { destroyCommand, type DestroyOptions } from './commands/destroy.js';
import { type DiagramCommandOptions, diagramCommand, FORMATS } from './commands/diagram.js';
import { downCommand } from './commands/down.js';
import { addLogsOptions, logsCommand, type LogsOptions } from './commands/logs.js';
import { lockCommand, type LockOptions } from './commands/lock.js';
import { outputsCommand, type OutputsOptions } from './commands/outputs.js';
import { planCommand } from './commands/plan.js';
import { policiesCommand, type PoliciesOptions } from './commands/policies.js';
import { prepareMachineCommand } from './commands/prepare-machine.js';
import { sbomCommand, type SbomOptions } from './commands/sbom.js';
import { reviewCommand, type ReviewOptions } from './commands/review.js';
import { startCommand } from './commands/start.js';
import { statusCommand, type StatusOptions } from './commands/status.js';
import { testCommand, type TestOptions } from './commands/test.js';
import { createContext } from './context.js';
import { stopStartedEngine } from './machine/engine-install.js';
import type { Early } from './machine/prepare.js';
import { isUserError } from './machine/programs.mjs';
import { LEVEL_MEANINGS, LEVELS } from './review/level.js';

const REVIEW_HELP = `
Levels, most dangerous first:
${LEVELS.map((level) => `  ${level.padEnd(14)}${LEVEL_MEANINGS[level]}`).join('\n')}

Exit codes:
  0  reviewed; nothing at or above --fail-on
  1  findings at or above --fail-on
  2  it could not be reviewed`;

/** What commander makes of the options; each command gives its own. */
type Options = { readonly env?: string; readonly instance?: string } & StatusOptions &
  OutputsOptions &
  LogsOptions &
  PoliciesOptions &
  TestOptions &
  DestroyOptions &
  DiagramCommandOptions &
  LockOptions &
  SbomOptions &
  ReviewOptions;

/**
 * Runs one command.
 * @param argv without the program's name
 * @param early what bootstrap.mjs began while dependencies were installed
 * @returns the exit code; errors that the user can mend are printed, others come with their stack
 */
export async function run(argv: readonly string[], early: Early = {}): Promise<number> {
  let exitCode = 0;
  const program = createProgram(early, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const debug = processEnv['DEBUG'] !== undefined;
    console.error(isUserError(error) && !debug ? `\nError: ${error.message}` : error);
    return 1;
  }
  return exitCode;
}

function createProgram(early: Early, exit: (code: number) => void): Command {
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
  const on = (target: Command, act: (options: Options) => Promise<number>) =>
    target.action(async (options: Options) => {
      exit(await act(options));
    });

  on(deploying('start', 'prepare the machine and bring the platform up; nothing to do takes a second'), (options) =>
    startCommand(createContext(options), { ...options, early }),
  );
  on(
    deploying('test', 'offline tests, then deploy the test environment, test it, remove it')
      .option('--offline', 'only what needs no engine')
      .option('--require-engine', 'fail where no engine can be had, instead of skipping the deployed tests')
      .option('--keep', 'leave the test environment running')
      .option('--only <pattern>', 'only deployed tests whose file matches')
      .option('--bench', 'measure how long failovers take, instead of testing'),
    (options) => testCommand({ ...options, early }),
  );
  on(deploying('plan', 'show what would change; exit code 0: nothing, 2: changes, 1: error'), (options) =>
    planCommand(createContext(options), { ...options, early }),
  );
  on(deploying('prepare-machine', 'engine, images and provider, so that `npx cdktf deploy` works'), (options) =>
    prepareMachineCommand(createContext(options), { ...options, early }),
  );
  on(
    command('status', 'who is master, who lags, what is unwell; exit code 0 only if all is well').option(
      '--json',
      'as JSON',
    ),
    (options) => statusCommand(createContext(options), options),
  );
  on(
    command('outputs', 'where to connect').option('--json', 'as JSON').option('--show-secrets', 'with passwords'),
    (options) => Promise.resolve(outputsCommand(createContext(options), options)),
  );
  on(
    addLogsOptions(
      command('logs', 'search the logs of all services; exit code like grep: 0 found, 1 nothing, 2 error'),
    ),
    (options) => logsCommand(createContext(options), options),
  );
  on(
    command('diagram', 'draw what the environment declares; needs no engine')
      .addOption(new Option('--format <format>', "default: the output file's ending, else mermaid").choices(FORMATS))
      .option('--output <file>', 'default: stdout')
      .addOption(
        new Option('--theme <theme>', 'of an SVG; `both` follows the reader').choices(['light', 'dark', 'both']),
      )
      .option('--open', 'show the SVG in the browser')
      .option('--readme', "renew the README's pictures"),
    (options) => diagramCommand(createContext(options), options),
  );
  on(
    program
      .command('lock')
      .description('record which images exactly are run, in images.lock.json')
      .exitOverride()
      .option('--check', 'only compare; exit code 0 if it fits what is declared, else 1')
      .option('--update', 'ask registries again what tags mean that are locked already'),
    (options) => lockCommand(options),
  );
  on(
    command('sbom', 'record what the images consist of that are built here').option(
      '--output <folder>',
      'default: .platform/sbom',
    ),
    (options) => sbomCommand(createContext(options), options),
  );
  on(
    program
      .command('policies')
      .description('which policies there are, what breaks them, and who may; exit code 0 only if nothing does')
      .exitOverride()
      .option('--env <name>', 'only this environment (default: PLATFORM_ENV, else every one)')
      .option('--on <day>', 'as if it were this day, e.g. 2027-03-31')
      .option('--json', 'as JSON'),
    policiesCommand,
  );
  on(preparing('down', 'remove containers and networks; data stays'), (options) =>
    downCommand(createContext(options), { ...options, early }),
  );
  on(
    preparing('destroy', 'remove the deployment, after a question')
      .option('--delete-data', 'its data and secrets too, for good')
      .option('--yes', 'do not ask'),
    (options) => destroyCommand(createContext(options), { ...options, early }),
  );
  on(
    program
      .command('review')
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
    (options) => reviewCommand({ ...options, early }),
  );
  program
    .command('stop-engine', { hidden: true })
    .description('stop the Docker engine that a command started')
    .action(async () => {
      console.log((await stopStartedEngine()) ? 'The engine is stopped.' : 'No engine was started from here.');
    });
  return program;
}
