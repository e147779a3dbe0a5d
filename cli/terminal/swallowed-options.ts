import { existsSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { PlatformError } from '../../constructs/core/platform-error.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Under which names npm keeps options of ours that it takes for its own, written otherwise: it completes what it knows the beginning of. */
const NPM_NAMES: Readonly<Record<string, string>> = {
  engine: 'engine-strict',
  to: 'token-description',
  update: 'update-notifier',
  verbose: 'loglevel',
};
/** Options that npm has too. They may be set for npm itself, in a .npmrc. */
const NPM_OWN = new Set(['json', 'yes', 'only', 'offline', 'force', ...Object.keys(NPM_NAMES)]);

/**
 * npm takes options that stand before `--` for itself and leaves them in the environment, and PowerShell drops the `--`: `npm run down
 * -- --instance win` there would remove `dev`.
 * @param program all commands
 * @param args what reached us
 * @throws PlatformError if npm has taken an option of this command; nothing has been done then
 */
export function refuseSwallowedOptions(program: Command, args: readonly string[], env: Env): void {
  // Without npm before us, nothing can be lost: what stands in the environment then is there for npm.
  if (env['npm_lifecycle_event'] === undefined) return;
  const command = program.commands.find((one) => one.name() === args[0]);
  const swallowed = command?.options.filter((option) => isSwallowed(option, args, env)) ?? [];
  if (command === undefined || swallowed.length === 0) return;
  const words = swallowed.map((option) => {
    const value = takenBy(option, env) ?? '';
    // Without `=`, npm leaves the value among the arguments.
    const given = option.required || option.optional ? (value === 'true' ? args[1] : value) : undefined;
    return given === undefined ? (option.long ?? '') : `${option.long ?? ''} ${given}`;
  });
  const line = `${command.name()} ${words.join(' ')}`;
  throw new PlatformError({
    what: `npm took ${swallowed.map(({ long }) => long).join(' and ')} for an option of its own, so it did not reach us. Nothing was done`,
    fix:
      `Run \`node platform ${line}\`, which needs no dashes (on Windows \`.\\platform ${line}\` too), ` +
      `or \`npm run ${command.name()} -- ${words.join(' ')}\` where the shell is not PowerShell, which drops the two dashes.`,
  });
}

function isSwallowed(option: Option, args: readonly string[], env: Env): boolean {
  const value = takenBy(option, env);
  if (value === undefined || args.some((arg) => arg === option.long || arg.startsWith(`${option.long ?? ''}=`))) {
    return false;
  }
  // npm notes `--no-install` as an empty `install`.
  if (option.negate ? value !== '' : value === '') return false;
  if (option.name() === 'verbose' && value !== 'verbose') return false;
  return !(NPM_OWN.has(option.name()) && isSetForNpm(npmName(option), env));
}

/** Not on the command line, but for every run of npm. */
function isSetForNpm(name: string, env: Env): boolean {
  // Windows does not tell upper case from lower, so there npm's own variable would be found.
  if (process.platform !== 'win32' && env[`NPM_CONFIG_${name.toUpperCase().replaceAll('-', '_')}`]) return true;
  const files = [env['npm_config_userconfig'], env['npm_config_globalconfig'], '.npmrc'];
  return files.some(
    (file) => file && existsSync(file) && new RegExp(`^\\s*${name}\\s*=`, 'm').test(readFileSync(file, 'utf8')),
  );
}

function npmName(option: Option): string {
  return NPM_NAMES[option.name()] ?? option.name().replace(/^no-/, '');
}

/** What npm keeps of it: under the name that it makes of it or, where its version knows no such name, under ours. */
function takenBy(option: Option, env: Env): string | undefined {
  const own = option.name().replace(/^no-/, '');
  return [npmName(option), own]
    .map((name) => env[`npm_config_${name.replaceAll('-', '_')}`])
    .find((value) => value !== undefined);
}
